import type { RouteRecordRaw } from 'vue-router'

const READ = ['knowledge.read']
const MAINTAIN = ['knowledge.write', 'knowledge.review']

export const routes: RouteRecordRaw[] = [
  { path: '/desk/knowledge', name: 'knowledge', component: () => import('./views/LibraryView.vue'), meta: { title: 'knowledge.title', needs: READ } },
  { path: '/desk/knowledge-entries', name: 'knowledge_manage', component: () => import('./views/ManageView.vue'), meta: { title: 'knowledge.manage', needs: MAINTAIN } },
  { path: '/desk/knowledge-tasks', name: 'knowledge_tasks', component: () => import('./views/KnowledgeTasksView.vue'), meta: { title: 'knowledge.tasks', needs: MAINTAIN } },
  { path: '/desk/knowledge-ranking', name: 'knowledge_ranking', component: () => import('./views/RankingView.vue'), meta: { title: 'knowledge.ranking', needs: READ } },
  { path: '/desk/admin/knowledge-words', name: 'knowledge_words', component: () => import('./views/WordsView.vue'), meta: { title: 'knowledge.words', needs: ['knowledge.manage'] } },
  { path: '/desk/admin/knowledge-classes', name: 'knowledge_classes', component: () => import('./views/ClassesView.vue'), meta: { title: 'knowledge.classes', needs: ['knowledge.manage'] } },
  { path: '/desk/knowledge/new', name: 'knowledge_new', component: () => import('./views/EditView.vue'), meta: { title: 'knowledge.new', needs: ['knowledge.write'] } },
  { path: '/desk/knowledge/:id', name: 'knowledge_entry', component: () => import('./views/EntryView.vue'), props: true, meta: { title: 'knowledge.entry', needs: READ } },
  { path: '/desk/knowledge/:id/edit', name: 'knowledge_edit', component: () => import('./views/EditView.vue'), props: true, meta: { title: 'knowledge.edit', needs: ['knowledge.write'] } },
  { path: '/desk/knowledge/:id/history', name: 'knowledge_history', component: () => import('./views/HistoryView.vue'), props: true, meta: { title: 'knowledge.history', needs: MAINTAIN } },
]
