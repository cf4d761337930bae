/**
 * The agent's telephone: the seat as the server sees it, the line in this page,
 * and the call that both speak of.
 */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { api, ApiError } from '@/shared/api'
import { toApiError } from '@/shared/composables/useLoad'
import type { CallParty, MySeat, MyTelephones, Offer, Registration, SeatAnswer, SeatCall, SeatState } from '@/shared/entities/voice'
import { setDialler, type Dial } from '@/shared/phone/dial'
import { makeJsSipAgent, socketUrl } from '@/shared/phone/jssip'
import { Line, type CallPhase, type LineState, type MakeAgent } from '@/shared/phone/line'
import { audioSettings, closeMicrophone, MicrophoneError, openMicrophone, type MicrophoneState } from '@/shared/phone/microphone'
import { startRing, stopRing } from '@/shared/phone/ring'

const OFFER = 'yihao.offer'
const LOCK = 'yihao.phone'

interface RawSeat {
  seat_id?: string
  seat_no?: string
  state?: string
  since?: number
  call_id?: string | null
  phone?: boolean
  phone_kind?: string
  desk_phone?: boolean
}
interface RawCall {
  call_id: string
  state?: string
  caller?: string
  caller_masked?: string
  started_at?: number
  answered_at?: number | null
  held?: boolean
  now?: number
}

/** The server's words for a seat's state where the screen has others. */
const STATES: Record<string, SeatState> = { on_call: 'talking', signed_out: 'offline' }

/** Makes of whatever the server sends about a seat the form that the screen shows. */
export function readSeat(answer: unknown): MySeat | null {
  if (!answer || typeof answer !== 'object') return null
  const raw = answer as { seat?: RawSeat | null; call?: RawCall | null } & RawSeat
  const seat = raw.seat_no ? raw : raw.seat
  if (!seat?.seat_no) return { seat: null, state: 'offline', signed_in: false, call: null }
  const state = STATES[seat.state ?? ''] ?? (seat.state as SeatState)
  const call = raw.call ?? (seat.call_id ? { call_id: seat.call_id } : null)
  return {
    seat: { id: seat.seat_id ?? seat.seat_no, no: seat.seat_no },
    state,
    signed_in: state !== 'offline',
    since: seat.since ?? null,
    phone: seat.phone ?? false,
    until: (answer as { until?: number | null }).until ?? null,
    call: call ? { ...call, id: call.call_id } : null,
  }
}

function storedOffer(): Offer | null {
  try {
    return JSON.parse(sessionStorage.getItem(OFFER) ?? 'null') as Offer | null
  } catch {
    return null
  }
}

export const usePhone = defineStore('phone', () => {
  const seat = shallowRef<MySeat | null>(null)
  /** Whether the server has said what the seat is doing. */
  const known = ref(false)
  const lineState = ref<LineState>('off')
  const phase = ref<CallPhase>('idle')
  const microphone = ref<MicrophoneState>('unknown')
  const muted = ref(false)
  const held = ref(false)
  const callId = ref<string | null>(null)
  const caller = ref('')
  const talkingSince = ref<number | null>(null)
  const ringingSince = ref<number | null>(null)
  const stream = shallowRef<MediaStream | null>(null)
  const offer = shallowRef<Offer | null>(storedOffer())
  const busy = ref(false)
  const error = shallowRef<ApiError | null>(null)
  const elsewhere = ref(false)
  /** What the seat can answer on; nothing for somebody without a seat. */
  const telephones = shallowRef<MyTelephones | null>(null)
  const settings = ref(audioSettings())
  /** The server's clock minus this page's, so that times of calls are the server's. */
  const skewMs = ref(0)
  /** Whom the agent could not reach, for a word on screen. */
  const unreached = shallowRef<{ number: string; code: number } | null>(null)
  let makeAgent: MakeAgent = makeJsSipAgent
  let rebinding = false
  let refusals = 0
  let release: (() => void) | undefined

  const line = new Line(
    (config) => makeAgent(config),
    {
      onLine(state) {
        lineState.value = state
        if (state === 'ready') refusals = 0
        // Credentials live shorter than a shift; a refusal asks for new ones, a few times at most.
        if (state === 'refused' && refusals++ < 3) setTimeout(() => void connect().catch(() => {}), 1000 * refusals)
      },
      onPhase(next) {
        phase.value = next
        if (next === 'ringing') {
          ringingSince.value = Date.now()
          if (settings.value.ring && !rebinding) startRing()
        } else stopRing()
        if (next === 'talking') talkingSince.value ??= Date.now()
        if (next === 'idle') {
          talkingSince.value = ringingSince.value = null
          muted.value = held.value = false
        }
      },
      onIncoming(call) {
        callId.value = call.callId ?? offer.value?.call_id ?? seat.value?.call?.id ?? null
        caller.value = call.from
        const byItself = call.autoAnswer || rebinding || offer.value?.auto_answer === true
        if (byItself) talkingSince.value ??= answeredHere()
        if (byItself || settings.value.autoAnswer) void line.answer()
        rebinding = false
      },
      onStream(next) {
        stream.value = next
      },
      onEnded() {
        void refresh()
      },
      onMicrophone(state) {
        microphone.value = state
      },
    },
  )

  /** When the call was answered, by this page's clock. */
  function answeredHere(): number | null {
    const at = seat.value?.call?.answered_at ?? offer.value?.answered_at
    return at ? at - skewMs.value : null
  }
  function setClock(now?: number | null): void {
    if (now) skewMs.value = now - Date.now()
  }

  const call = computed<SeatCall | null>(() => {
    const mine = seat.value?.call
    return mine && (!callId.value || mine.id === callId.value || phase.value === 'idle') ? mine : null
  })
  const me = computed<CallParty | null>(() => call.value?.parties?.find((party) => party.kind === 'seat' && party.number === seat.value?.seat?.no) ?? null)
  /** Everybody in the call besides the citizen and me. */
  const others = computed<CallParty[]>(() => (call.value?.parties ?? []).filter((party) => party !== me.value))
  const asked = computed<CallParty | null>(() => others.value.find((party) => party.role === 'consulted' || party.role === 'successor') ?? null)
  /** What the server lets me do with the call; only whoever answers for it decides. */
  const allows = (action: string): boolean => call.value?.seat_no === seat.value?.seat?.no && (call.value?.allowed ?? []).includes(action)

  const signedIn = computed(() => Boolean(seat.value?.signed_in))
  /** Whether the seat answers on the telephone on its desk. */
  const onDesk = computed(() => telephones.value?.kind === 'desk')

  /** Shows the desk telephone as the server sees it, since nothing of its calls comes through this page. */
  function followDesk(): void {
    if (!onDesk.value || !signedIn.value) return
    lineState.value = seat.value?.phone ? 'ready' : 'lost'
    const now = seat.value?.state
    const next: CallPhase = now === 'ringing' ? 'ringing' : now === 'talking' || now === 'held' ? 'talking' : 'idle'
    if (next !== 'idle') callId.value = seat.value?.call?.id ?? callId.value
    if (next === 'talking') talkingSince.value ??= answeredHere() ?? Date.now()
    if (next === phase.value) return
    phase.value = next
    if (next === 'ringing') ringingSince.value = Date.now()
    if (next === 'idle') {
      talkingSince.value = ringingSince.value = null
      muted.value = held.value = false
      void refresh()
    }
  }
  const state = computed<SeatState>(() => {
    if (phase.value === 'talking') {
      if (call.value?.state === 'dialling') return 'dialling'
      if (call.value?.state === 'line_open') return 'line_open'
      return held.value ? 'held' : 'talking'
    }
    if (phase.value === 'ringing' || phase.value === 'answering') return 'ringing'
    return seat.value?.state ?? 'offline'
  })
  const shownCaller = computed(
    () => offer.value?.caller ?? seat.value?.call?.caller ?? caller.value,
  )

  async function guarded(act: () => Promise<void>): Promise<boolean> {
    busy.value = true
    error.value = null
    try {
      await act()
      return true
    } catch (cause) {
      if (cause instanceof MicrophoneError) microphone.value = cause.state
      else error.value = toApiError(cause)
      return false
    } finally {
      busy.value = false
    }
  }

  /** Takes the line for this tab; two tabs of one agent would both ring. */
  function claim(steal: boolean): Promise<boolean> {
    if (!navigator.locks || release) return Promise.resolve(true)
    return new Promise((resolve) => {
      navigator.locks
        .request(LOCK, steal ? { steal: true } : { ifAvailable: true }, (lock) => {
          resolve(Boolean(lock))
          return lock ? new Promise<void>((free) => (release = free)) : undefined
        })
        .catch(() => {
          // Another tab took the line over.
          release = undefined
          line.disconnect()
          elsewhere.value = true
        })
    })
  }

  async function connect(steal = false): Promise<void> {
    if (!(await claim(steal))) {
      elsewhere.value = true
      return
    }
    elsewhere.value = false
    const account = await api.post<Registration>('/voice/registration', {})
    await line.connect({
      url: socketUrl(account.ws_path),
      uri: account.uri,
      user: account.user,
      password: account.password,
      realm: account.realm,
      register: true,
    })
  }

  /** After a reload: learns what the seat was doing and takes a running call back. */
  async function start(): Promise<void> {
    await refresh()
    if (!signedIn.value) return
    if (settings.value.releaseByHand) void tellRelease().catch(() => {})
    const running = seat.value?.call
    if (running && ['talking', 'held', 'connected', 'active'].includes(String(running.state ?? seat.value?.state))) {
      rebinding = true
      callId.value = running.id
      held.value = Boolean(running.held ?? seat.value?.state === 'held')
      talkingSince.value = answeredHere() ?? (running.started_at ? running.started_at - skewMs.value : null)
    }
    if (!onDesk.value) await guarded(() => connect())
  }

  /** Takes over what the server says of the seat. */
  function take(answer: SeatAnswer): void {
    setClock((answer as { now?: number }).now)
    if (answer.telephones) telephones.value = answer.telephones
    seat.value = readSeat(answer)
    followDesk()
  }

  async function refresh(): Promise<void> {
    try {
      take(await api.get<SeatAnswer>('/voice/seat'))
      known.value = true
    } catch (cause) {
      const problem = toApiError(cause)
      // No seat at all is a state, not a fault.
      if (problem.status === 404) {
        seat.value = null
        known.value = true
      }
      else error.value = problem
    }
  }

  const signIn = () =>
    guarded(async () => {
      // A desk telephone has a microphone of its own.
      if (!onDesk.value) await tryMicrophone()
      take(await api.post<SeatAnswer>('/voice/seat', {}))
      if (settings.value.releaseByHand) await tellRelease()
      if (!seat.value?.signed_in) await refresh()
      if (!onDesk.value) await connect(true)
    })

  /** The server keeps the line open or ends it; it knows of the wish as long as somebody is signed in. */
  const tellRelease = async () => void (await api.put('/voice/seat/release', { by_hand: settings.value.releaseByHand }))
  const chooseRelease = (byHand: boolean) =>
    guarded(async () => {
      settings.value.releaseByHand = byHand
      if (signedIn.value) await tellRelease()
    })

  async function tryMicrophone(): Promise<void> {
    closeMicrophone(await openMicrophone())
    microphone.value = 'granted'
  }

  /** Lets the seat answer on the page or on the desk, from the next call on. */
  const chooseTelephone = (kind: 'page' | 'desk', autoAnswer?: boolean) =>
    guarded(async () => {
      const before = telephones.value?.kind
      if (kind === 'page' && before !== 'page') await tryMicrophone()
      telephones.value = await api.put<MyTelephones>('/voice/seat/telephone', { kind, auto_answer: autoAnswer ?? null })
      if (kind === 'desk' && before !== 'desk') {
        release?.()
        release = undefined
        line.disconnect()
        microphone.value = 'unknown'
        elsewhere.value = false
      }
      await refresh()
      if (kind === 'page' && before !== 'page') await connect(true)
    })

  const signOut = () =>
    guarded(async () => {
      await api.delete('/voice/seat')
      stop()
      seat.value = null
    })

  const setState = (next: 'ready' | 'not_ready' | 'break') =>
    guarded(async () => {
      const answer = await api.put<SeatAnswer>('/voice/seat/state', { state: next })
      if (readSeat(answer)?.signed_in) take(answer)
      else await refresh()
    })

  /** The handset of a desk telephone is lifted by hand. */
  const answer = () => (onDesk.value ? Promise.resolve() : line.answer())

  async function hangUp(): Promise<void> {
    if (!onDesk.value && line.hangUp()) return
    // What rings on the desk is refused there: from here it would end the citizen's call.
    if (onDesk.value && phase.value !== 'talking') return
    // The page may have lost a call that the server still has at this seat.
    const id = seat.value?.state === 'wrap_up' ? undefined : seat.value?.call?.id
    if (id) await guarded(() => api.delete(`/voice/calls/${id}`))
  }

  async function toggleHold(): Promise<void> {
    const id = callId.value
    if (!id || phase.value !== 'talking') return
    const next = !held.value
    await guarded(async () => {
      if (next) await api.put(`/voice/calls/${id}/hold`)
      else await api.delete(`/voice/calls/${id}/hold`)
      held.value = next
    })
  }

  function toggleMute(): void {
    if (phase.value !== 'talking' || onDesk.value) return
    muted.value = !muted.value
    line.setMuted(muted.value)
  }

  const finishWrapUp = () =>
    guarded(async () => {
      const id = seat.value?.call?.id ?? callId.value ?? offer.value?.call_id
      if (id) await api.put(`/voice/calls/${id}/wrap-up`, { done: true })
      else await api.put('/voice/seat/state', { state: 'ready' })
      await refresh()
    })

  const act = (method: 'post' | 'put' | 'delete', what: string, body: unknown = {}) =>
    guarded(async () => {
      const id = call.value?.id ?? callId.value
      if (!id) return
      if (method === 'delete') await api.delete(`/voice/calls/${id}/${what}` as '/voice/calls/x/hold')
      else if (method === 'put') await api.put(`/voice/calls/${id}/${what}` as '/voice/calls/x/hold', body)
      else await api.post(`/voice/calls/${id}/${what}` as '/voice/calls/x/consultation', body)
    })
  type Whom = { kind: 'seat' | 'outside' | 'queue' | 'consulted'; number?: string }
  const consult = (whom: Whom) => act('post', 'consultation', whom)
  const takeBack = () => act('delete', 'consultation')
  const transfer = (whom: Whom) => act('put', 'transfer', whom)
  const cancelTransfer = () => act('delete', 'transfer')
  const confer = (whom: Whom) => act('post', 'conference', whom)
  const dropParty = (no: number) => act('delete', `parties/${no}`)
  /** Sends the citizen through a call flow; with `back` they come back to this seat. */
  const detour = (flow: string, node: string | null, back: boolean) => act('put', 'detour', { flow, node, back })
  const fetchBack = () => act('delete', 'detour')
  const park = () => act('put', 'parking')
  const say = (phrase: string, own?: string) => act('post', 'phrases', { phrase, own })
  const askForHelp = (note: string) => act('post', 'help-requests', { note })
  const retrieve = (id: string) => guarded(async () => api.delete(`/voice/calls/${id}/parking`))
  const supervise = (id: string, mode: string) => guarded(async () => api.put(`/voice/calls/${id}/supervision`, { mode }))

  /** Calls somebody: my telephone rings first and answers by itself. */
  const dial: Dial = (whom) =>
    guarded(async () => {
      unreached.value = null
      const started = await api.post<{ call_id: string }>('/voice/calls', whom)
      callId.value = started.call_id
    })
  setDialler(dial)

  /** The screen pop, pushed before the telephone rings. */
  function onOffer(next: Offer): void {
    setClock(next.now)
    // A call that this page lost comes back: it is answered without a ring.
    if (next.rebind) {
      rebinding = true
      talkingSince.value ??= answeredHere() ?? Date.now()
    }
    offer.value = next
    callId.value = next.call_id
    sessionStorage.setItem(OFFER, JSON.stringify(next))
  }

  function clearOffer(): void {
    offer.value = null
    sessionStorage.removeItem(OFFER)
  }

  function onSeatState(data: Record<string, any>): void {
    const mine = seat.value?.seat
    if (data.seat_id && mine?.id && data.seat_id !== mine.id) return
    const next = readSeat(data)
    if (!next) return
    const known = seat.value?.call
    if (telephones.value && typeof data.phone_kind === 'string') telephones.value = { ...telephones.value, kind: data.phone_kind, desk: Boolean(data.desk_phone) }
    seat.value = { ...next, call: next.call && known?.id === next.call.id ? { ...known, ...next.call } : next.call }
    if (!next.signed_in) stop()
    // When the time for writing ends is in the answer only.
    else if (next.state === 'wrap_up') void refresh()
    followDesk()
  }

  function onCallState(data: Record<string, any>): void {
    const id = data.call_id ?? data.id
    const no = seat.value?.seat?.no
    setClock(data.now)
    const takesPart = data.seat_no === no || (data.direction === 'internal' && data.caller === no) || data.parties?.some((party: CallParty) => party.kind === 'seat' && party.number === no)
    if (seat.value && id && (id === callId.value || id === seat.value.call?.id) && takesPart) seat.value = { ...seat.value, call: { ...seat.value.call, ...data, id } }
    if (!id || id !== callId.value) return
    if (data.state === 'talking' && phase.value === 'talking' && data.answered_at) talkingSince.value = data.answered_at - skewMs.value
    if (typeof data.held === 'boolean') held.value = data.held
    else if (data.state === 'held') held.value = true
    else if (data.state === 'talking') held.value = false
    if (/ended|cancelled|abandoned/.test(String(data.state))) void refresh()
  }

  /** Somebody whom the agent wanted could not be reached. */
  function onUnreached(data: { number: string; code: number }): void {
    unreached.value = data
  }

  /** Lets the line go without signing the seat out, as on leaving the page. */
  function stop(): void {
    line.disconnect()
    stopRing()
    release?.()
    release = undefined
    clearOffer()
  }

  return {
    seat, known, lineState, phase, microphone, muted, held, callId, caller, talkingSince, ringingSince, stream, offer, busy, error,
    elsewhere, settings, telephones, onDesk, signedIn, state, shownCaller, skewMs, unreached, call, me, others, asked, allows,
    start, refresh, connect, signIn, signOut, chooseTelephone, chooseRelease, setState, answer, hangUp, toggleHold, toggleMute, finishWrapUp,
    sendDigit: (digit: string) => line.sendDigit(digit),
    consult, takeBack, detour, fetchBack, transfer, cancelTransfer, confer, dropParty, park, say, askForHelp, retrieve, supervise, dial,
    onOffer, clearOffer, onSeatState, onCallState, onUnreached, stop,
    /** Replaces the SIP user agent (tests). */
    useAgent: (make: MakeAgent) => (makeAgent = make),
  }
})
