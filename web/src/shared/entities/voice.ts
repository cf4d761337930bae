/** Calls, seats, queues. */

export type SeatState = 'offline' | 'not_ready' | 'ready' | 'break' | 'reserved' | 'ringing' | 'talking' | 'held' | 'wrap_up'

export interface SeatCall {
  id: string
  caller?: string
  caller_masked?: string
  state?: string
  started_at?: number
  answered_at?: number | null
  held?: boolean
}

/** `GET /voice/seat`. */
export interface MySeat {
  seat?: { id: string; no: string; name?: string } | null
  signed_in?: boolean
  state: SeatState
  since?: number | null
  wrap_up_until?: number | null
  call?: SeatCall | null
}

/** `POST /voice/registration`. */
export interface Registration {
  ws_path: string
  uri: string
  user: string
  password: string
  realm: string
  expires_at?: number
}

export interface HistoryItem {
  kind: string
  id: string
  at: number
  title: string
  status?: string | null
  status_name?: string | null
}

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
  history?: HistoryItem[]
  cases?: CaseBrief[]
  queue?: string
  waited_secs?: number
  /** A running call that the page lost and gets back. */
  rebind?: boolean
}

export interface QueueFigures {
  waiting: number
  longest_wait_secs: number
  ready: number
  on_call: number
  ringing: number
  wrap_up: number
  resting: number
  signed_in: number
  calls: number
}

export interface CallRow {
  id: string
  direction: string
  caller: string
  caller_masked?: string
  callee?: string
  queue?: string | null
  agent?: { id: string; name: string } | null
  agent_name?: string | null
  result?: string | null
  started_at: number
  answered_at?: number | null
  ended_at?: number | null
  recordings?: { id: string; duration_ms?: number }[]
  recording_id?: string | null
  waited_ms?: number
  talked_ms?: number
  seat_no?: string | null
  origin?: string
  cases?: CaseBrief[]
  case_id?: string | null
  case_number?: string | null
  contact_id?: string | null
  contact_name?: string | null
}

export interface MissedCall {
  id: string
  call_id?: string
  caller: string
  caller_masked?: string
  contact_name?: string | null
  at?: number
  started_at?: number
  waited_ms?: number | null
  reason?: string | null
  handled_at?: number | null
  handled_by?: string | { name: string } | null
  handled_note?: string | null
  times?: number
}
