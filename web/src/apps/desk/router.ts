import { createRouter, createWebHistory, type Router } from 'vue-router'
import { ApiError } from '@/shared/api'
import { useSession } from '@/shared/session'
import { routes as bot } from '@/slices/bot/routes.desk'
import { routes as cases } from '@/slices/cases/routes.desk'
import { routes as contacts } from '@/slices/contacts/routes.desk'
import { routes as identity } from '@/slices/identity/routes.desk'
import { routes as insight } from '@/slices/insight/routes.desk'
import { routes as knowledge } from '@/slices/knowledge/routes.desk'
import { routes as map } from '@/slices/map/routes.desk'
import { routes as messages } from '@/slices/messages/routes.desk'
import { routes as voice } from '@/slices/voice/routes.desk'
import { homeFor } from './nav'
import NoticeView from './views/NoticeView.vue'

/** Pages by address; `meta.needs` lists capabilities of which one is enough, `meta.bare` stands without the shell. */
export function makeRouter(): Router {
  const router = createRouter({
    history: createWebHistory('/'),
    scrollBehavior: (to, from, saved) => saved ?? (to.path === from.path ? undefined : { top: 0 }),
    routes: [
      { path: '/desk', name: 'home', component: NoticeView, props: { kind: 'empty' } },
      {
        path: '/desk/work',
        name: 'work',
        component: () => import('./views/WorkView.vue'),
        meta: { title: 'nav.work', needs: ['call.answer', 'case.create'] },
      },
      ...identity,
      ...contacts,
      ...cases,
      ...bot,
      ...voice,
      ...insight,
      ...knowledge,
      ...map,
      ...messages,
      { path: '/:rest(.*)*', name: 'missing', component: NoticeView, props: { kind: 'not_found' } },
    ],
  })

  router.beforeEach(async (to) => {
    const session = useSession()
    if (to.name === 'login') return true
    try {
      await session.load()
    } catch (cause) {
      // Without the server nobody can be let in; the login page says so.
      return { name: 'login', query: { next: to.fullPath, offline: cause instanceof ApiError && cause.isOffline ? '1' : undefined } }
    }
    if (!session.me) return { name: 'login', query: to.path === '/desk' ? {} : { next: to.fullPath } }
    if (to.name === 'home') {
      const home = homeFor(session.can)
      return home === '/desk' ? true : home
    }
    const needs = to.meta.needs as string[] | undefined
    if (needs && !session.can(...needs)) to.meta.forbidden = true
    else delete to.meta.forbidden
    return true
  })
  return router
}
