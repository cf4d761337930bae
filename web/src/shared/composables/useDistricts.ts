import { ref, type Ref } from 'vue'
import { api, itemsOf, type Page } from '@/shared/api'
import type { DictionaryEntry } from '@/shared/entities/identity'

export interface District {
  code: string
  name: string
}

const districts = ref<District[]>([])
let read: Promise<void> | undefined

/** The city's districts out of the dictionary; empty when there are none, and then a text field serves. */
export function useDistricts(): Ref<District[]> {
  read ??= api
    .get<DictionaryEntry[] | Page<DictionaryEntry>>('/dictionary/district')
    .then((answer) => {
      districts.value = itemsOf(answer)
        .filter((entry) => entry.active !== false)
        .map((entry) => ({ code: entry.code, name: entry.name ?? entry.zh ?? entry.code }))
    })
    .catch(() => {
      read = undefined
    })
  return districts
}
