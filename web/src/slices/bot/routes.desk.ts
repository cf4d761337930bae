import type { RouteRecordRaw } from 'vue-router'

export const routes: RouteRecordRaw[] = [
  { path: '/desk/topics', name: 'topics', component: () => import('./views/TopicsView.vue'), meta: { title: 'nav.topics', needs: ['topic.read', 'case.merge'] } },
  { path: '/desk/chats', name: 'chats', component: () => import('./views/ChatsView.vue'), meta: { title: 'nav.chats', needs: ['chat.read'] } },
  { path: '/desk/chats/:id', name: 'chat', component: () => import('./views/ChatView.vue'), props: true, meta: { title: 'chats.title', needs: ['chat.answer', 'chat.read'] } },
  { path: '/desk/robot', name: 'robot', component: () => import('./views/RobotView.vue'), meta: { title: 'nav.robot', needs: ['robot.train'] } },
  { path: '/desk/admin/models', name: 'models', component: () => import('./views/ModelsView.vue'), meta: { title: 'nav.models', needs: ['assist.learn'] } },
]
