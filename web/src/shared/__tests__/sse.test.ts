import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { backOffMs, EventParser, openStream, type StreamState } from '@/shared/sse'

describe('EventParser', () => {
  it('puts events together across chunks, with ids, comments and CRLF', () => {
    const parser = new EventParser()
    expect(parser.push(': ping\r\nid: 7\r\nevent: voice.off')).toEqual([])
    expect(parser.push('er\r\ndata: {"a":\r\ndata: 1}\r\n\r')).toEqual([])
    expect(parser.push('\ndata: text\n\n')).toEqual([
      { id: '7', name: 'voice.offer', data: { a: 1 } },
      { id: '7', name: 'message', data: 'text' },
    ])
  })

  it('drops an event without data', () => {
    expect(new EventParser().push('event: x\n\n')).toEqual([])
  })
})

it('backs off by doubling up to a limit', () => {
  expect([0, 1, 2, 10].map(backOffMs)).toEqual([500, 1000, 2000, 20_000])
})

describe('openStream', () => {
  beforeEach(() => vi.useFakeTimers())
  afterEach(() => vi.useRealTimers())

  const stream = (text: string) =>
    new Response(new ReadableStream({ start: (out) => { out.enqueue(new TextEncoder().encode(text)); out.close() } }), { status: 200 })

  it('resumes after the last event that arrived', async () => {
    const get = vi.fn<typeof fetch>().mockImplementationOnce(async () => stream('id: 41\nevent: cases.x\ndata: {}\n\n')).mockImplementation(() => new Promise(() => {}))
    const names: string[] = []
    const states: StreamState[] = []
    const close = openStream({ url: '/events', onEvent: (event) => names.push(event.name), onState: (state) => states.push(state), fetch: get })
    await vi.advanceTimersByTimeAsync(1000)
    expect(names).toEqual(['cases.x'])
    expect(get).toHaveBeenCalledTimes(2)
    expect((get.mock.calls[1]?.[1]?.headers as Record<string, string>)['last-event-id']).toBe('41')
    expect(states).toContain('lost')
    close()
  })

  it('ends, rather than hammers, when the session is over', async () => {
    const ended = vi.fn()
    const get = vi.fn<typeof fetch>(async () => new Response('', { status: 401 }))
    openStream({ url: '/events', onEvent: () => {}, onUnauthorised: ended, fetch: get })
    await vi.advanceTimersByTimeAsync(60_000)
    expect(get).toHaveBeenCalledTimes(1)
    expect(ended).toHaveBeenCalledTimes(1)
  })

  it('takes a silent stream for dead and connects again', async () => {
    const get = vi.fn<typeof fetch>((_url, init) => new Promise((_, reject) => init?.signal?.addEventListener('abort', () => reject(new Error('aborted')))))
    const close = openStream({ url: '/events', onEvent: () => {}, silenceMs: 5000, fetch: get })
    await vi.advanceTimersByTimeAsync(7000)
    expect(get.mock.calls.length).toBeGreaterThanOrEqual(2)
    close()
  })
})
