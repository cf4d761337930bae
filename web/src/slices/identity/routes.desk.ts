import type { RouteRecordRaw } from 'vue-router'

export const routes: RouteRecordRaw[] = [
  { path: '/desk/login', name: 'login', component: () => import('./views/LoginView.vue'), meta: { bare: true, title: 'login.title' } },
  { path: '/desk/account', name: 'account', component: () => import('./views/AccountView.vue'), meta: { title: 'account.title' } },
  { path: '/desk/admin/units', name: 'units', component: () => import('./views/UnitsView.vue'), meta: { title: 'nav.units', needs: ['unit.read', 'unit.write'] } },
  { path: '/desk/admin/people', name: 'people', component: () => import('./views/PeopleView.vue'), meta: { title: 'nav.people', needs: ['person.read', 'person.write'] } },
  { path: '/desk/admin/registrations', name: 'registrations', component: () => import('./views/RegistrationsView.vue'), meta: { title: 'nav.registrations', needs: ['registration.decide', 'role.write'] } },
  { path: '/desk/admin/roles', name: 'roles', component: () => import('./views/RolesView.vue'), meta: { title: 'nav.roles', needs: ['role.write'] } },
  { path: '/desk/admin/seats', name: 'seats', component: () => import('./views/SeatsView.vue'), meta: { title: 'nav.seats', needs: ['seat.write'] } },
  { path: '/desk/admin/dictionary', name: 'dictionary', component: () => import('./views/DictionaryView.vue'), meta: { title: 'nav.dictionary', needs: ['dictionary.write'] } },
  { path: '/desk/admin/parameters', name: 'parameters', component: () => import('./views/ParametersView.vue'), meta: { title: 'nav.parameters', needs: ['parameter.write'] } },
  { path: '/desk/admin/audit', name: 'audit', component: () => import('./views/AuditView.vue'), meta: { title: 'nav.audit', needs: ['audit.read'] } },
  { path: '/desk/admin/sessions', name: 'sessions', component: () => import('./views/SessionsView.vue'), meta: { title: 'nav.sessions', needs: ['session.revoke'] } },
]
