/** A citizen's call out of the page. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { api } from '@/shared/api'
import type { CallProgress, CallTicket } from '@/shared/entities/portal'
import { toApiError } from '@/shared/composables/useLoad'
import { makeJsSipAgent, socketUrl } from '@/shared/phone/jssip'
import { Line, type LineState, type MakeAgent } from '@/shared/phone/line'
import { closeMicrophone, MicrophoneError, openMicrophone, type MicrophoneState } from '@/shared/phone/microphone'

/** How often the page asks for its place in the queue. */
const PLACE_MS = 3_000

export type WebCallState = 'idle' | 'connecting' | 'waiting' | 'talking' | 'ended' | 'failed'

export const useWebCall = defineStore('web-call', () => {
  const state = ref<WebCallState>('idle')
  const position = ref<number | null>(null)
  const waitSecs = ref<number | null>(null)
  const muted = ref(false)
  const since = ref<number | null>(null)
  const microphone = ref<MicrophoneState>('unknown')
  const stream = shallowRef<MediaStream | null>(null)
  const problem = ref('')
  let makeAgent: MakeAgent = makeJsSipAgent
  let current = ''
  let pending: { target: string; token: string } | undefined
  let giveUp: ReturnType<typeof setTimeout> | undefined
  let watching: ReturnType<typeof setTimeout> | undefined

  /** Asks where the call stands until somebody answers. */
  async function watchPlace(token: string): Promise<void> {
    clearTimeout(watching)
    if (!['waiting', 'talking'].includes(state.value)) return
    let answered = false
    try {
      const now = await api.get<CallProgress>(`/portal/calls/${encodeURIComponent(token)}`)
      answered = now.answered
      position.value = answered ? null : (now.before ?? null)
      waitSecs.value = answered ? null : (now.wait_secs ?? null)
    } catch {
      // The call goes on; only its place is not known.
      position.value = waitSecs.value = null
    }
    if (!answered) watching = setTimeout(() => void watchPlace(token), PLACE_MS)
  }

  const line = new Line((config) => makeAgent(config), {
    onLine(next: LineState) {
      if (next === 'ready' && pending) {
        const { target, token } = pending
        current = token
        pending = undefined
        clearTimeout(giveUp)
        void line.call(target, [`X-Yihao-Token: ${token}`])
      }
      if (next === 'refused') fail('')
    },
    onPhase(phase) {
      if (phase === 'talking') {
        // The house answers at once and plays the greeting; who waits hears where they stand.
        state.value = 'talking'
        since.value = Date.now()
        void watchPlace(current)
      } else if (phase === 'idle' && microphoneFailed()) fail('')
    },
    onProgress() {
      if (state.value === 'connecting') state.value = 'waiting'
    },
    onStream(next) {
      stream.value = next
    },
    onEnded(end) {
      const talked = state.value === 'talking'
      forgetPlace()
      state.value = talked || end.byUs ? 'ended' : 'failed'
      if (!talked && (end.status === 486 || end.status === 503 || end.status === 429)) problem.value = 'vcall.busy'
      setTimeout(() => line.disconnect(), 300)
    },
    onMicrophone(next) {
      microphone.value = next
    },
  })

  function forgetPlace(): void {
    clearTimeout(watching)
    position.value = waitSecs.value = null
  }
  function microphoneFailed(): boolean {
    return ['denied', 'missing', 'busy', 'insecure'].includes(microphone.value)
  }
  function fail(text: string): void {
    clearTimeout(giveUp)
    pending = undefined
    problem.value = text
    state.value = 'failed'
    line.disconnect()
  }

  /** Calls; the number lets the hotline call back when the line breaks. */
  async function start(phone = ''): Promise<void> {
    if (['connecting', 'waiting', 'talking'].includes(state.value)) return
    state.value = 'connecting'
    problem.value = ''
    forgetPlace()
    muted.value = false
    since.value = null
    try {
      closeMicrophone(await openMicrophone())
      microphone.value = 'granted'
      const ticket = await api.create<CallTicket>('/portal/calls', phone.trim() ? { phone: phone.trim() } : {})
      if (state.value !== 'connecting') return
      pending = { target: ticket.target, token: ticket.token }
      giveUp = setTimeout(() => pending && fail(''), 15_000)
      await line.connect({
        url: socketUrl(ticket.ws_path),
        uri: ticket.uri,
        user: /^sips?:([^@]+)@/.exec(ticket.uri)?.[1] ?? 'web',
        password: ticket.password,
        register: false,
      })
    } catch (cause) {
      if (cause instanceof MicrophoneError) {
        microphone.value = cause.state
        fail('')
      } else fail(toApiError(cause).detail)
    }
  }

  function hangUp(): void {
    pending = undefined
    clearTimeout(giveUp)
    const talked = state.value === 'talking'
    if (!line.hangUp()) line.disconnect()
    state.value = talked ? 'ended' : 'idle'
  }
  function close(): void {
    if (['connecting', 'waiting', 'talking'].includes(state.value)) hangUp()
    state.value = 'idle'
  }
  function toggleMute(): void {
    muted.value = !muted.value
    line.setMuted(muted.value)
  }

  return {
    state, position, waitSecs, muted, since, microphone, stream, problem,
    active: computed(() => state.value !== 'idle'),
    microphoneFault: computed(microphoneFailed),
    start, hangUp, close, toggleMute,
    sendDigit: (digit: string) => line.sendDigit(digit),
    useAgent: (make: MakeAgent) => (makeAgent = make),
  }
})
