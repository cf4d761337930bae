import { describe, expect, it, vi } from 'vitest'
import { happened, listen, readAsk, type Phone, type Telling } from '../embed/bridge'

const idle: Telling = { state: 'ready', call_id: null, caller: '', direction: '' }

function phone(): Phone {
  return { now: () => idle, dial: vi.fn(async () => true), answer: vi.fn(async () => {}), hangUp: vi.fn(async () => {}), setState: vi.fn(async () => true) }
}

describe('the telephone in a frame', () => {
  it('reads only what it knows', () => {
    expect(readAsk({ yihao: 1, command: 'dial', number: '13800001234' })).not.toBeNull()
    for (const bad of [null, 'dial', { command: 'dial', number: '1' }, { yihao: 1, command: 'erase' }, { yihao: 1, command: 'dial' }, { yihao: 1, command: 'dial', number: 'sip:x@y' }, { yihao: 1, command: 'state', id: {} }]) expect(readAsk(bad)).toBeNull()
  })

  it('obeys the page that holds it when its origin is allowed, and nobody else', async () => {
    const told: unknown[] = []
    const holder = { postMessage: (message: unknown, origin: string) => told.push([message, origin]) } as unknown as Window
    const line = phone()
    const stop = listen(holder, () => ['https://crm.example.cn'], line)
    const say = (origin: string, source: unknown) => {
      const event = new MessageEvent('message', { data: { yihao: 1, id: 7, command: 'dial', number: '13800001234' }, origin })
      Object.defineProperty(event, 'source', { value: source })
      window.dispatchEvent(event)
    }
    say('https://evil.example.cn', holder)
    say('https://crm.example.cn', {})
    await new Promise((done) => setTimeout(done))
    expect(line.dial).not.toHaveBeenCalled()
    say('https://crm.example.cn', holder)
    await new Promise((done) => setTimeout(done))
    expect(line.dial).toHaveBeenCalledWith('13800001234')
    expect(told).toEqual([[{ yihao: 1, id: 7, ok: true, ...idle }, 'https://crm.example.cn']])
    stop()
    say('https://crm.example.cn', holder)
    await new Promise((done) => setTimeout(done))
    expect(line.dial).toHaveBeenCalledTimes(1)
  })

  it('tells a call from ring to end', () => {
    const ringing = { state: 'ringing', call_id: 'c1', caller: '138', direction: 'in' }
    const talking = { ...ringing, state: 'talking' }
    expect(happened(idle, ringing)?.event).toBe('ringing')
    expect(happened(ringing, talking)?.event).toBe('answered')
    expect(happened(talking, { ...talking, state: 'held' })?.event).toBe('state')
    expect(happened(talking, { ...idle, state: 'wrap_up' })).toMatchObject({ event: 'ended', call_id: 'c1', caller: '138' })
    expect(happened(ringing, idle)?.event).toBe('ended')
    expect(happened(idle, idle)).toBeNull()
  })
})
