import type { RouteRecordRaw } from 'vue-router'

export const routes: RouteRecordRaw[] = [
  { path: '/desk/map', name: 'map', component: () => import('./views/MapView.vue'), meta: { title: 'nav.map', needs: ['map.read'] } },
  { path: '/desk/admin/map-areas', name: 'map_areas', component: () => import('./views/AreasView.vue'), meta: { title: 'nav.map_areas', needs: ['map.write'] } },
  { path: '/desk/admin/feeds', name: 'feeds', component: () => import('./views/FeedsView.vue'), meta: { title: 'nav.feeds', needs: ['feed.write'] } },
]
