import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { AgentLike, SessionLike } from '@/shared/phone/line'
import { readSeat, usePhone } from '../composables/usePhone'

const seat = (state: string, call_id: string | null = null) => ({ seat_id: 's1', seat_no: '8001', person_id: 'p', person_name: '林', state, since: 1, call_id, phone: true })

/** A server that answers what the test says and notes what was asked. */
const asked: string[] = []
let mySeat: unknown = { seat: null, call: null }
function server(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const path = String(input).replace('/api/v1', '')
  const method = init?.method ?? 'GET'
  asked.push(`${method} ${path}`)
  const reply = (body: unknown, status = 200) => Promise.resolve(new Response(body === undefined ? null : JSON.stringify(body), { status }))
  if (path === '/voice/registration') return reply({ ws_path: '/sip', uri: 'sip:8001@x', user: '8001', password: 'p', realm: 'x' }, 201)
  if (path === '/voice/seat' && method === 'POST') mySeat = { seat: seat('not_ready'), call: null }
  if (path === '/voice/seat/state') mySeat = { seat: seat((JSON.parse(String(init?.body)) as { state: string }).state), call: null }
  if (path.startsWith('/voice/seat')) return method === 'DELETE' ? reply(undefined, 204) : reply(mySeat)
  return reply(undefined, 204)
}

let handlers: Record<string, (data: any) => void> = {}
const agent: AgentLike = { on: (event, listener) => (handlers[event] = listener), start: () => {}, stop: () => {}, call: () => ({}) as SessionLike }
function ring() {
  const on: Record<string, (data: any) => void> = {}
  const session = {
    on: (event: string, listener: (data: any) => void) => (on[event] = listener),
    answer: vi.fn(() => on.accepted?.({})),
    terminate: vi.fn(), mute: vi.fn(), unmute: vi.fn(), sendDTMF: vi.fn(), isEnded: () => false,
  }
  handlers.newRTCSession?.({ originator: 'remote', session, request: { getHeader: (name: string) => (name === 'X-Yihao-Call' ? 'c1' : undefined) } })
  return { session, on }
}
const track = { stop: () => {} }
const getUserMedia = vi.fn(async () => ({ getTracks: () => [track] }))
const settled = () => new Promise((resolve) => setTimeout(resolve, 0))

beforeEach(() => {
  setActivePinia(createPinia())
  sessionStorage.clear()
  localStorage.setItem('yihao.audio', JSON.stringify({ ring: false }))
  asked.length = 0
  handlers = {}
  mySeat = { seat: null, call: null }
  getUserMedia.mockClear()
  vi.stubGlobal('fetch', server)
  vi.stubGlobal('navigator', { mediaDevices: { getUserMedia } })
})
afterEach(() => vi.unstubAllGlobals())

async function signedIn() {
  const phone = usePhone()
  phone.useAgent(() => agent)
  await phone.signIn()
  handlers.registered?.({})
  return phone
}

describe('readSeat', () => {
  it('understands the seat alone, the seat with its call, and nobody there', () => {
    expect(readSeat(seat('on_call', 'c1'))).toMatchObject({ state: 'talking', signed_in: true, call: { id: 'c1' }, seat: { no: '8001' } })
    expect(readSeat({ seat: seat('ready'), call: null })).toMatchObject({ state: 'ready', signed_in: true })
    expect(readSeat({ seat: null, call: null })).toMatchObject({ signed_in: false, state: 'offline' })
    expect(readSeat(seat('signed_out'))).toMatchObject({ signed_in: false })
  })
})

describe('the agent’s telephone', () => {
  it('signs in with a microphone and gets its line', async () => {
    const phone = await signedIn()
    expect(phone.signedIn).toBe(true)
    expect(phone.lineState).toBe('ready')
    expect(asked).toEqual(['POST /voice/seat', 'POST /voice/registration'])
  })

  it('does not sign in without a microphone, and says why', async () => {
    getUserMedia.mockRejectedValueOnce(new DOMException('', 'NotAllowedError'))
    const phone = usePhone()
    phone.useAgent(() => agent)
    await phone.signIn()
    expect(phone.signedIn).toBe(false)
    expect(phone.microphone).toBe('denied')
    expect(asked).toEqual([])
  })

  it('shows the caller before it rings, then talks, holds and takes back', async () => {
    const phone = await signedIn()
    phone.onOffer({ call_id: 'c1', caller: '13800000000', caller_masked: '138****0000' })
    expect(phone.shownCaller).toBe('13800000000')
    expect(phone.phase).toBe('idle')
    const { session } = ring()
    expect(phone.state).toBe('ringing')
    await phone.answer()
    expect(session.answer).toHaveBeenCalled()
    expect(phone.state).toBe('talking')
    await phone.toggleHold()
    expect(phone.state).toBe('held')
    await phone.toggleHold()
    expect(phone.state).toBe('talking')
    expect(asked.slice(-2)).toEqual(['PUT /voice/calls/c1/hold', 'DELETE /voice/calls/c1/hold'])
  })

  it('takes a running call back without a ring after a reload', async () => {
    mySeat = { seat: seat('on_call', 'c1'), call: { call_id: 'c1', state: 'talking', caller: '138', started_at: 1, answered_at: 2, held: false } }
    const phone = usePhone()
    phone.useAgent(() => agent)
    await phone.start()
    const { session } = ring()
    await settled()
    expect(session.answer).toHaveBeenCalled()
    expect(phone.state).toBe('talking')
    expect(phone.talkingSince).toBe(2)
  })

  it('hangs up through the server when the page has lost the call', async () => {
    const phone = await signedIn()
    await phone.hangUp()
    expect(asked.some((line) => line.startsWith('DELETE'))).toBe(false)
    phone.onSeatState(seat('on_call', 'c9'))
    await phone.hangUp()
    expect(asked).toContain('DELETE /voice/calls/c9')
  })

  it('follows the seat as the server sees it, and nobody else’s', async () => {
    const phone = await signedIn()
    phone.onSeatState(seat('wrap_up', 'c1'))
    expect(phone.state).toBe('wrap_up')
    phone.onSeatState({ ...seat('break'), seat_id: 'other' })
    expect(phone.state).toBe('wrap_up')
    await phone.finishWrapUp()
    expect(asked).toContain('PUT /voice/calls/c1/wrap-up')
  })
})

describe('answering by itself', () => {
  it('does so when the agent wants it, and not otherwise', async () => {
    const phone = await signedIn()
    const first = ring()
    await settled()
    expect(first.session.answer).not.toHaveBeenCalled()
    first.on.ended?.({})
    phone.settings.autoAnswer = true
    const second = ring()
    await settled()
    expect(second.session.answer).toHaveBeenCalledOnce()
    phone.settings.autoAnswer = false
  })

  it('does so for a call that was asked for by a click', async () => {
    const phone = await signedIn()
    phone.onOffer({ call_id: 'c1', caller: '13800000000', auto_answer: true })
    const { session } = ring()
    await settled()
    expect(session.answer).toHaveBeenCalledOnce()
  })
})

describe('letting go by hand', () => {
  it('tells the server, and shows a line on which nobody is left until the agent hangs up', async () => {
    const phone = await signedIn()
    await phone.chooseRelease(true)
    expect(asked).toContain('PUT /voice/seat/release')
    const { session } = ring()
    await settled()
    await phone.answer()
    phone.onCallState({ call_id: 'c1', state: 'talking', seat_no: '8001', parties: [] })
    mySeat = { seat: seat('on_call', 'c1'), call: { call_id: 'c1', state: 'line_open', seat_no: '8001', parties: [] } }
    await phone.refresh()
    expect(phone.state).toBe('line_open')
    await phone.hangUp()
    expect(session.terminate).toHaveBeenCalledOnce()
  })
})

describe('a call with several parties', () => {
  it('lets only whoever answers for it decide, and counts from the server’s time', async () => {
    const phone = await signedIn()
    mySeat = { seat: seat('on_call', 'c1'), call: { call_id: 'c1', state: 'talking', seat_no: '8001', allowed: ['hold', 'consult'], parties: [{ no: 1, kind: 'seat', number: '8001', role: 'agent', up: true }, { no: 2, kind: 'seat', number: '8002', role: 'consulted', up: true }] }, now: Date.now() + 60_000 }
    await phone.refresh()
    expect(phone.allows('consult')).toBe(true)
    expect(phone.asked?.number).toBe('8002')
    expect(Math.round(phone.skewMs / 1000)).toBe(60)
    phone.onCallState({ call_id: 'c1', state: 'talking', seat_no: '8002', allowed: ['hold'], parties: [{ no: 1, kind: 'seat', number: '8001', role: 'member', up: true }] })
    expect(phone.allows('hold')).toBe(false)
  })
})
