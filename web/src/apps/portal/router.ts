import { createRouter, createWebHistory, type Router } from 'vue-router'
import { routes as knowledge } from '@/slices/knowledge/routes.portal'
import { routes } from '@/slices/portal/routes.portal'

export function makeRouter(): Router {
  return createRouter({
    history: createWebHistory('/'),
    scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
    routes: [...routes, ...knowledge, { path: '/:rest(.*)*', redirect: '/' }],
  })
}
