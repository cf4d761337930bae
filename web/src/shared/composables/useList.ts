import { computed, ref, shallowRef, watch, type Ref } from 'vue'
import { api, itemsOf, type ApiError, type Page, type PathFor, type Query } from '@/shared/api'
import { toApiError } from './useLoad'

/**
 * A list read page by page through cursors. It starts again when the query
 * changes (with a short pause, so that typing does not ask for every letter).
 * The path may depend on something that is not known yet.
 */
export function useList<T>(path: PathFor<'get'> | (() => PathFor<'get'> | undefined), query: () => Query) {
  const where = () => (typeof path === 'function' ? path() : path)
  const items = shallowRef<T[]>([]) as Ref<T[]>
  const total = ref<number | null>(null)
  const error = shallowRef<ApiError>()
  const loading = ref(false)
  const cursor = ref<string | null>(null)
  const started = ref(false)
  let turn = 0

  async function read(next: boolean): Promise<void> {
    const at = where()
    if (!at) return
    const mine = ++turn
    loading.value = true
    try {
      const answer = await api.get<Page<T> | T[]>(at, { ...query(), cursor: next ? cursor.value : undefined })
      if (mine !== turn) return
      const fresh = itemsOf(answer)
      items.value = next ? [...items.value, ...fresh] : fresh
      cursor.value = Array.isArray(answer) ? null : (answer.next_cursor ?? null)
      if (!next || !Array.isArray(answer)) total.value = Array.isArray(answer) ? fresh.length : (answer.total ?? total.value)
      error.value = undefined
      started.value = true
    } catch (cause) {
      if (mine === turn) error.value = toApiError(cause)
    } finally {
      if (mine === turn) loading.value = false
    }
  }

  let pause: ReturnType<typeof setTimeout> | undefined
  watch(
    () => JSON.stringify([where(), query()]),
    () => {
      clearTimeout(pause)
      pause = setTimeout(() => void read(false), 250)
    },
  )
  void read(false)

  return {
    items,
    total,
    error,
    loading,
    /** True until the first answer came. */
    fresh: computed(() => !started.value),
    hasMore: computed(() => Boolean(cursor.value)),
    reload: () => read(false),
    more: () => read(true),
  }
}
