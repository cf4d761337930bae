import type { RouteRecordRaw } from 'vue-router'

export const routes: RouteRecordRaw[] = [
  { path: '/desk/floor', name: 'floor', component: () => import('./views/FloorView.vue'), meta: { title: 'nav.floor', needs: ['call.monitor'] } },
  { path: '/desk/numbers', name: 'numbers', component: () => import('./views/NumbersView.vue'), meta: { title: 'nav.numbers', needs: ['number.write'] } },
  { path: '/desk/admin/queues', name: 'queues', component: () => import('./views/QueuesView.vue'), meta: { title: 'nav.queues', needs: ['queue.write'] } },
  { path: '/desk/admin/telephones', name: 'telephones', component: () => import('./views/TelephonesView.vue'), meta: { title: 'nav.telephones', needs: ['telephone.write'] } },
  { path: '/desk/admin/trunks', name: 'trunks', component: () => import('./views/TrunksView.vue'), meta: { title: 'nav.trunks', needs: ['telephone.write', 'call.monitor'] } },
  { path: '/desk/calls', name: 'calls', component: () => import('./views/CallsView.vue'), meta: { title: 'nav.calls', needs: ['call.read'] } },
  { path: '/desk/missed-calls', name: 'missed', component: () => import('./views/MissedCallsView.vue'), meta: { title: 'nav.missed', needs: ['call.handle_missed'] } },
  { path: '/desk/running-calls', name: 'running', component: () => import('./views/RunningCallsView.vue'), meta: { title: 'nav.running', needs: ['call.monitor'] } },
  { path: '/desk/admin/phone-book', name: 'phone_book', component: () => import('./views/PhoneBookView.vue'), meta: { title: 'nav.phone_book', needs: ['phone_book.write'] } },
  { path: '/desk/admin/standard-phrases', name: 'standard_phrases', component: () => import('./views/StandardPhrasesView.vue'), meta: { title: 'nav.standard_phrases', needs: ['phone_book.write'] } },
  { path: '/desk/voicemail', name: 'messages', component: () => import('./callflow/views/MessagesView.vue'), meta: { title: 'nav.messages', needs: ['call.handle_missed'] } },
  { path: '/desk/callbacks', name: 'callbacks', component: () => import('./callflow/views/CallbacksView.vue'), meta: { title: 'nav.callbacks', needs: ['call.handle_missed'] } },
  { path: '/desk/call-ratings', name: 'surveys', component: () => import('./callflow/views/SurveysView.vue'), meta: { title: 'nav.surveys', needs: ['call.monitor'] } },
  { path: '/desk/admin/call-flows', name: 'callflows', component: () => import('./callflow/views/CallFlowsView.vue'), meta: { title: 'nav.callflows', needs: ['callflow.write'] } },
  { path: '/desk/admin/call-flows/:id', name: 'callflow', component: () => import('./callflow/views/CallFlowEditor.vue'), meta: { title: 'nav.callflows', needs: ['callflow.write'] } },
  { path: '/desk/admin/prompts', name: 'prompts', component: () => import('./callflow/views/PromptsView.vue'), meta: { title: 'nav.prompts', needs: ['callflow.write'] } },
]
