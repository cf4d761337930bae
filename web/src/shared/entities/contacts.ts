/** The citizen's file. */
import type { components } from '@/api/schema'

type Schemas = components['schemas']

export type Contact = Schemas['Contact']
export type ContactPhone = Schemas['Phone']
export type HistoryItem = Schemas['HistoryItem']
