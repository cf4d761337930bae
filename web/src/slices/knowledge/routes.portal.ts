import type { RouteRecordRaw } from 'vue-router'

export const routes: RouteRecordRaw[] = [
  { path: '/knowledge', name: 'knowledge', component: () => import('@/slices/portal/views/KnowledgeView.vue'), meta: { title: 'knowledge.title' } },
  { path: '/knowledge/:id', name: 'knowledge_entry', component: () => import('@/slices/portal/views/KnowledgeEntryView.vue'), props: true, meta: { title: 'knowledge.title' } },
  { path: '/embed/knowledge', name: 'embed_knowledge', component: () => import('@/slices/portal/views/KnowledgeView.vue'), props: { embedded: true }, meta: { title: 'knowledge.title', bare: true } },
  { path: '/embed/knowledge/:id', name: 'embed_knowledge_entry', component: () => import('@/slices/portal/views/KnowledgeEntryView.vue'), props: (route) => ({ id: String(route.params.id), embedded: true }), meta: { title: 'knowledge.title', bare: true } },
]
