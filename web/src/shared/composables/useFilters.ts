import { reactive, watch } from 'vue'
import { useRoute, useRouter, type LocationQuery } from 'vue-router'

/** Reads known filters from a query; unknown names are left alone. */
export function readFilters<T extends Record<string, string>>(defaults: T, query: LocationQuery): T {
  const values = { ...defaults }
  for (const name of Object.keys(defaults) as (keyof T & string)[]) {
    const value = query[name]
    const text = Array.isArray(value) ? value[0] : value
    if (typeof text === 'string') values[name] = text as T[typeof name]
  }
  return values
}

/** Writes filters into a query; a default value needs no place in the address. */
export function writeFilters<T extends Record<string, string>>(defaults: T, values: T, query: LocationQuery): LocationQuery {
  const next: LocationQuery = { ...query }
  for (const name of Object.keys(defaults)) {
    if (values[name] === defaults[name]) delete next[name]
    else next[name] = values[name] ?? ''
  }
  return next
}

/** Filters that live in the address, so that a list can be bookmarked, shared and gone back to. */
export function useFilters<T extends Record<string, string>>(defaults: T): T {
  const route = useRoute()
  const router = useRouter()
  const name = route.name
  const values = reactive(readFilters(defaults, route.query)) as T
  watch(
    values,
    () => {
      if (route.name !== name) return
      void router.replace({ query: writeFilters(defaults, values, route.query), hash: route.hash })
    },
    { deep: true },
  )
  watch(
    () => route.query,
    (query) => {
      if (route.name !== name) return
      const next = readFilters(defaults, query)
      for (const key of Object.keys(defaults) as (keyof T & string)[]) {
        if (values[key] !== next[key]) values[key] = next[key]
      }
    },
  )
  return values
}
