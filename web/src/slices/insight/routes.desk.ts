import type { RouteRecordRaw } from 'vue-router'

export const routes: RouteRecordRaw[] = [
  { path: '/desk/overview', name: 'overview', component: () => import('./views/OverviewView.vue'), meta: { title: 'nav.overview', needs: ['overview.read'] } },
  { path: '/desk/reports', name: 'reports', component: () => import('./views/ReportsView.vue'), meta: { title: 'nav.reports', needs: ['report.read'] } },
  { path: '/desk/reports/:id', name: 'report', component: () => import('./views/ReportView.vue'), meta: { title: 'nav.reports', needs: ['report.read'] } },
  { path: '/desk/reports-sql', name: 'report_sql', component: () => import('./views/StatementView.vue'), meta: { title: 'nav.reports', needs: ['report.sql'] } },
  { path: '/desk/problems', name: 'problems', component: () => import('./views/ProblemsView.vue'), meta: { title: 'problems.title', needs: ['report.read'] } },
  { path: '/desk/report-mail', name: 'report_mail', component: () => import('./views/MailingsView.vue'), meta: { title: 'mailing.title', needs: ['report.read'] } },
  { path: '/desk/forecast', name: 'forecast', component: () => import('./views/ForecastView.vue'), meta: { title: 'nav.forecast', needs: ['report.read'] } },
  { path: '/desk/warnings', name: 'warnings', component: () => import('./views/WarningsView.vue'), meta: { title: 'nav.warnings', needs: ['warning.read'] } },
  { path: '/desk/warnings/:id', name: 'warning', component: () => import('./views/WarningView.vue'), meta: { title: 'nav.warnings', needs: ['warning.read'] } },
  { path: '/desk/admin/warning-rules', name: 'warning_rules', component: () => import('./views/WarningRulesView.vue'), meta: { title: 'nav.warning_rules', needs: ['warning.rule'] } },
  { path: '/desk/evaluation', name: 'evaluation', component: () => import('./views/EvaluationView.vue'), meta: { title: 'nav.evaluation', needs: ['report.read'] } },
]
