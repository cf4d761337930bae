import type { RouteRecordRaw } from 'vue-router'
import HomeView from './views/HomeView.vue'

export const routes: RouteRecordRaw[] = [
  { path: '/', name: 'home', component: HomeView, meta: { title: 'portal.home' } },
  { path: '/submit', name: 'submit', component: () => import('./views/SubmitView.vue'), meta: { title: 'psubmit.title' } },
  { path: '/chat', name: 'chat', component: () => import('./views/ChatView.vue'), meta: { title: 'pchat.title' } },
  { path: '/published', name: 'published', component: () => import('./views/PublishedView.vue'), meta: { title: 'ppublished.title' } },
  { path: '/commitments', name: 'commitments', component: () => import('./views/CommitmentsView.vue'), meta: { title: 'pcommitments.title' } },
  { path: '/registration', name: 'registration', component: () => import('./views/RegistrationView.vue'), meta: { title: 'pregister.title' } },
  { path: '/help/:token', name: 'help', component: () => import('./views/HelpView.vue'), props: true, meta: { title: 'phelp.title' } },
  { path: '/lookup/:number?', name: 'lookup', component: () => import('./views/LookupView.vue'), props: true, meta: { title: 'plookup.title' } },
]
