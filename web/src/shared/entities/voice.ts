/** Calls, seats, queues. */
import type { components } from '@/api/schema'

type Schemas = components['schemas']

export type Registration = Schemas['Registration']
export type QueueFigures = Schemas['QueueView']
export type CallRow = Schemas['CallItem']
export type CallDetail = Schemas['CallDetail']
export type MissedCall = Schemas['MissedItem']
export type CallView = Schemas['CallView']
export type CallParty = Schemas['PartyView']
export type CallReplay = Schemas['CallReplay']
export type Destination = Schemas['DestinationItem']
export type PhoneBookEntry = Schemas['PhoneBookEntry']
export type RecordingPeaks = Schemas['RecordingPeaks']
export type StandardPhrase = Schemas['StandardPhrase']
export type { HistoryItem } from './contacts'
/** What the server says of my seat. */
export type SeatAnswer = Schemas['MySeat']
/** What my seat can answer on. */
export type MyTelephones = Schemas['MyTelephones']
/** Tables ask for an id; these rows are known by other names. */
export type Telephone = Schemas['TelephoneRow'] & { id?: string }
export type TelephonePassword = Schemas['TelephonePassword']
export type Trunk = Schemas['TrunkRow'] & { id?: string }

/** `GET /voice/figures/me`: the document has another `MyFigures`, that of orders, under the same name. */
export interface CallFigures {
  answered: number
  talked_ms: number
  average_ms: number
  longest_ms: number
  signed_in_at: number | null
  signed_in_ms: number
}

/** What the screen shows of a seat: the server's states and those that only this page knows. */
export type SeatState = 'offline' | 'not_ready' | 'ready' | 'break' | 'reserved' | 'ringing' | 'talking' | 'held' | 'dialling' | 'line_open' | 'wrap_up'

export interface SeatCall extends Partial<Schemas['CallView']> {
  id: string
}

export interface MySeat {
  seat?: { id: string; no: string } | null
  signed_in?: boolean
  state: SeatState
  since?: number | null
  /** Whether the telephone that it answers on is registered. */
  phone?: boolean
  /** When the time for writing ends by itself. */
  until?: number | null
  call?: SeatCall | null
}

/** Events are no part of the document, so that what `voice.offer` carries is written here. */
export interface CaseBrief {
  id: string
  number: string
  title: string
  status?: string
  status_name?: string
  created_at?: number
}

export interface ContactBrief {
  id: string
  name: string
  gender?: string | null
  address?: string | null
  district?: string | null
  note?: string | null
  tags?: string[]
}

/** `voice.offer`: what pops up before the ring. */
export interface Offer {
  call_id: string
  caller: string
  caller_masked?: string
  contact?: ContactBrief | null
  history?: Schemas['HistoryItem'][]
  cases?: CaseBrief[]
  queue?: string | null
  /** The merged hotline as which the call is answered. */
  identity?: string | null
  waited_secs?: number
  /** A running call that the page lost and gets back. */
  rebind?: boolean
  /** Whoever asked for the call by a click need not answer it too. */
  auto_answer?: boolean
  role?: string
  asked_by?: string | null
  direction?: string
  answered_at?: number | null
  now?: number
}
