import type { RouteRecordRaw } from 'vue-router'

export const routes: RouteRecordRaw[] = [
  { path: '/desk/overview', name: 'overview', component: () => import('./views/OverviewView.vue'), meta: { title: 'nav.overview', needs: ['overview.read'] } },
]
