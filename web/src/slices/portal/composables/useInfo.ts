import { computed, shallowRef } from 'vue'
import { api, type ApiError } from '@/shared/api'
import { toApiError } from '@/shared/composables/useLoad'
import type { PortalInfo } from '@/shared/entities/portal'

const info = shallowRef<PortalInfo>()
const error = shallowRef<ApiError>()

/** What the city says of itself; read once, and again after a failure. */
export function useInfo() {
  async function load(): Promise<void> {
    error.value = undefined
    try {
      info.value = await api.get<PortalInfo>('/portal/info')
    } catch (cause) {
      error.value = toApiError(cause)
    }
  }
  if (!info.value && !error.value) void load()
  return { info, error, load, hotline: computed(() => info.value?.hotline ?? '12345') }
}
