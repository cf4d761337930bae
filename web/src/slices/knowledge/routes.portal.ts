import type { RouteRecordRaw } from 'vue-router'

export const routes: RouteRecordRaw[] = [
  { path: '/knowledge', name: 'knowledge', component: () => import('./views/PortalSearchView.vue'), meta: { title: 'knowledge.title' } },
  { path: '/knowledge/:id', name: 'knowledge_entry', component: () => import('./views/PortalEntryView.vue'), props: true, meta: { title: 'knowledge.title' } },
  { path: '/embed/knowledge', name: 'embed_knowledge', component: () => import('./views/PortalSearchView.vue'), props: { embedded: true }, meta: { title: 'knowledge.title', bare: true } },
  { path: '/embed/knowledge/:id', name: 'embed_knowledge_entry', component: () => import('./views/PortalEntryView.vue'), props: (route) => ({ id: String(route.params.id), embedded: true }), meta: { title: 'knowledge.title', bare: true } },
]
