import type { RouteRecordRaw } from 'vue-router'

export const routes: RouteRecordRaw[] = [
  { path: '/desk/floor', name: 'floor', component: () => import('./views/FloorView.vue'), meta: { title: 'nav.floor', needs: ['call.monitor'] } },
  { path: '/desk/numbers', name: 'numbers', component: () => import('./views/NumbersView.vue'), meta: { title: 'nav.numbers', needs: ['number.write'] } },
  { path: '/desk/admin/queues', name: 'queues', component: () => import('./views/QueuesView.vue'), meta: { title: 'nav.queues', needs: ['queue.write'] } },
  { path: '/desk/calls', name: 'calls', component: () => import('./views/CallsView.vue'), meta: { title: 'nav.calls', needs: ['call.read'] } },
  { path: '/desk/missed-calls', name: 'missed', component: () => import('./views/MissedCallsView.vue'), meta: { title: 'nav.missed', needs: ['call.handle_missed'] } },
  { path: '/desk/running-calls', name: 'running', component: () => import('./views/RunningCallsView.vue'), meta: { title: 'nav.running', needs: ['call.monitor'] } },
  { path: '/desk/admin/phone-book', name: 'phone_book', component: () => import('./views/PhoneBookView.vue'), meta: { title: 'nav.phone_book', needs: ['phone_book.write'] } },
  { path: '/desk/admin/standard-phrases', name: 'standard_phrases', component: () => import('./views/StandardPhrasesView.vue'), meta: { title: 'nav.standard_phrases', needs: ['phone_book.write'] } },
]
