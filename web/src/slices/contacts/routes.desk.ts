import type { RouteRecordRaw } from 'vue-router'

export const routes: RouteRecordRaw[] = [
  { path: '/desk/contacts', name: 'contacts', component: () => import('./views/ContactsView.vue'), meta: { title: 'nav.contacts', needs: ['contact.read'] } },
  { path: '/desk/contacts/:id', name: 'contact', component: () => import('./views/ContactView.vue'), props: true, meta: { title: 'contacts.title', needs: ['contact.read'] } },
]
