import { ref } from 'vue'
import { api } from '@/shared/api'
import type { components } from '@/api/schema'
import { useLoad } from '@/shared/composables/useLoad'

export type OwnPhrase = components['schemas']['OwnPhrase']

const items = ref<OwnPhrase[]>([])

/** My own phrases, the same list wherever it is shown. */
export function useOwnPhrases() {
  const load = useLoad(async () => (items.value = await api.get<OwnPhrase[]>('/voice/own-phrases')))
  return { items, loading: load.loading, error: load.error, reload: load.reload }
}
