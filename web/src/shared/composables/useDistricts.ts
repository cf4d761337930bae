import { ref, type Ref } from 'vue'
import { api, itemsOf, type Page } from '@/shared/api'
import type { DictionaryEntry } from '@/shared/entities/identity'
import type { PortalInfo } from '@/shared/entities/portal'

export interface District {
  code: string
  name: string
}

const districts = ref<District[]>([])
let read: Promise<void> | undefined

/** Orders and files hold their district by its name, so the name is what is chosen. */
const named = (name: string): District => ({ code: name, name })

async function load(): Promise<District[]> {
  const entries = itemsOf(await api.get<DictionaryEntry[] | Page<DictionaryEntry>>('/dictionary/district'))
  if (entries.length) return entries.filter((entry) => entry.active).map((entry) => named(entry.zh || entry.code))
  // A city that keeps no list of its own still offers the one of its portal.
  return ((await api.get<PortalInfo>('/portal/info')).districts).map(({ name }) => named(name))
}

/** The city's districts; empty when there are none, and then a text field serves. */
export function useDistricts(): Ref<District[]> {
  read ??= load()
    .then((found) => void (districts.value = found))
    .catch(() => {
      read = undefined
    })
  return districts
}
