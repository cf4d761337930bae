import type { RouteRecordRaw } from 'vue-router'

export const routes: RouteRecordRaw[] = [
  { path: '/desk/topics', name: 'topics', component: () => import('./views/TopicsView.vue'), meta: { title: 'nav.topics', needs: ['topic.read', 'case.merge'] } },
  { path: '/desk/admin/models', name: 'models', component: () => import('./views/ModelsView.vue'), meta: { title: 'nav.models', needs: ['assist.learn'] } },
]
