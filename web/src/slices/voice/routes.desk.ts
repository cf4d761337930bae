import type { RouteRecordRaw } from 'vue-router'

export const routes: RouteRecordRaw[] = [
  { path: '/desk/calls', name: 'calls', component: () => import('./views/CallsView.vue'), meta: { title: 'nav.calls', needs: ['call.read'] } },
  { path: '/desk/missed-calls', name: 'missed', component: () => import('./views/MissedCallsView.vue'), meta: { title: 'nav.missed', needs: ['call.handle_missed'] } },
]
