import type { RouteRecordRaw } from 'vue-router'

const reads = ['case.read', 'case.handle', 'case.accept', 'case.review', 'case.dispatch', 'case.result_review', 'case.return_visit']

export const routes: RouteRecordRaw[] = [
  { path: '/desk/tasks', name: 'tasks', component: () => import('./views/TasksView.vue'), meta: { title: 'nav.tasks', needs: reads } },
  { path: '/desk/cases', name: 'cases', component: () => import('./views/CasesView.vue'), meta: { title: 'nav.cases', needs: ['case.read'] } },
  { path: '/desk/cases/:id', name: 'case', component: () => import('./views/CaseView.vue'), props: true, meta: { title: 'case.title', needs: reads } },
  { path: '/desk/cases/:id/letter', name: 'letter', component: () => import('./views/LetterView.vue'), props: true, meta: { title: 'side.letter', needs: ['case.read'] } },
  { path: '/desk/alarms', name: 'alarms', component: () => import('./views/AlarmsView.vue'), meta: { title: 'nav.alarms', needs: ['alarm.acknowledge', 'overview.read'] } },
  { path: '/desk/discoveries', name: 'discoveries', component: () => import('./views/DiscoveriesView.vue'), meta: { title: 'nav.discoveries', needs: ['case.discover', 'overview.read'] } },
  { path: '/desk/ratings', name: 'ratings', component: () => import('./views/RatingsView.vue'), meta: { title: 'nav.ratings', needs: ['rating.follow_up'] } },
  { path: '/desk/exchanges', name: 'exchanges', component: () => import('./views/ExchangesView.vue'), meta: { title: 'nav.exchanges', needs: ['exchange.read'] } },
  { path: '/desk/exchanges/:id', name: 'exchange', component: () => import('./views/ExchangeView.vue'), meta: { title: 'nav.exchanges', needs: ['exchange.read'] } },
  { path: '/desk/commitments', name: 'commitments', component: () => import('./views/CommitmentsView.vue'), meta: { title: 'nav.commitments', needs: ['commitment.write', 'publication.write'] } },
  { path: '/desk/admin/catalogue', name: 'catalogue', component: () => import('./views/CatalogueView.vue'), meta: { title: 'nav.catalogue', needs: ['catalogue.read'] } },
  { path: '/desk/admin/templates', name: 'templates', component: () => import('./views/TemplatesView.vue'), meta: { title: 'nav.templates', needs: ['template.write'] } },
  { path: '/desk/admin/limit-rules', name: 'limit_rules', component: () => import('./views/LimitRulesView.vue'), meta: { title: 'nav.limit_rules', needs: ['limit.read'] } },
  { path: '/desk/admin/categories', name: 'categories', component: () => import('./views/CategoriesView.vue'), meta: { title: 'nav.categories', needs: ['dictionary.write'] } },
  { path: '/desk/admin/calendar', name: 'calendar', component: () => import('./views/CalendarView.vue'), meta: { title: 'nav.calendar', needs: ['calendar.write'] } },
  { path: '/desk/admin/flows', name: 'flows', component: () => import('./views/FlowsView.vue'), meta: { title: 'nav.flows', needs: ['flow.write'] } },
  { path: '/desk/admin/flows/:id', name: 'flow', component: () => import('./views/FlowVersionView.vue'), props: true, meta: { title: 'nav.flows', needs: ['flow.write'] } },
  { path: '/desk/admin/forms', name: 'forms', component: () => import('./views/FormsView.vue'), meta: { title: 'nav.forms', needs: ['form.read'] } },
  { path: '/desk/admin/form-drafts/:id', name: 'form-draft', component: () => import('./views/FormDesignView.vue'), props: true, meta: { title: 'nav.forms', needs: ['form.write'] } },
  { path: '/desk/admin/old-orders', name: 'old_orders', component: () => import('./views/OldOrdersView.vue'), meta: { title: 'nav.old_orders', needs: ['case.import'] } },
  { path: '/desk/admin/order-types', name: 'order_types', component: () => import('./views/OrderTypesView.vue'), meta: { title: 'nav.order_types', needs: ['order_type.write'] } },
  { path: '/desk/admin/flow-drafts/:id', name: 'flow-draft', component: () => import('./views/FlowDesignView.vue'), props: true, meta: { title: 'nav.flows', needs: ['flow.write'] } },
]
