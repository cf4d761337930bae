import { computed, shallowRef, type ComputedRef } from 'vue'
import { useI18n } from 'vue-i18n'
import { api, itemsOf, type Page } from '@/shared/api'
import type { DictionaryEntry } from '@/shared/entities/identity'

/** The words of one list of the dictionary, in the reader's language. */
export function useKind(kind: string): ComputedRef<{ code: string; name: string }[]> {
  const { locale } = useI18n()
  const entries = shallowRef<DictionaryEntry[]>([])
  api
    .get<DictionaryEntry[] | Page<DictionaryEntry>>(`/dictionary/${kind}`)
    .then((answer) => (entries.value = itemsOf(answer)))
    .catch(() => {})
  return computed(() =>
    entries.value.map((entry) => ({ code: entry.code, name: (locale.value === 'en' ? entry.en : entry.zh) || entry.zh || entry.code })),
  )
}
