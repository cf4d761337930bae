import { ref, shallowRef, type Ref } from 'vue'
import { ApiError } from '@/shared/api'

export interface Load<T> {
  data: Ref<T | undefined>
  error: Ref<ApiError | undefined>
  loading: Ref<boolean>
  /** Reads again; what is shown stays until the new answer is there. */
  reload: () => Promise<void>
}

export function toApiError(cause: unknown): ApiError {
  return cause instanceof ApiError ? cause : new ApiError(-1, 'client', cause instanceof Error ? cause.message : '')
}

/** One read with its three states; only the latest of several answers counts. */
export function useLoad<T>(read: () => Promise<T>, options: { immediate?: boolean } = {}): Load<T> {
  const data = shallowRef<T>()
  const error = shallowRef<ApiError>()
  const loading = ref(false)
  let turn = 0
  async function reload(): Promise<void> {
    const mine = ++turn
    loading.value = true
    try {
      const answer = await read()
      if (mine !== turn) return
      data.value = answer
      error.value = undefined
    } catch (cause) {
      if (mine === turn) error.value = toApiError(cause)
    } finally {
      if (mine === turn) loading.value = false
    }
  }
  if (options.immediate !== false) void reload()
  return { data, error, loading, reload }
}
