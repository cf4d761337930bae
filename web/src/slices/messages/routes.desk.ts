import type { RouteRecordRaw } from 'vue-router'

export const routes: RouteRecordRaw[] = [
  { path: '/desk/notices', name: 'notices', component: () => import('./views/NoticesView.vue'), meta: { title: 'notices.title' } },
  { path: '/desk/admin/notice-rules', name: 'notice_rules', component: () => import('./views/NoticeRulesView.vue'), meta: { title: 'nav.notice_rules', needs: ['notice.write'] } },
]
