/**
 * Server-sent events over fetch. The browser's own EventSource neither resumes
 * after an error answer nor tells an ended session from a lost network, so the
 * stream is read here: it resumes with `Last-Event-ID` and backs off by doubling.
 */

export interface ServerEvent {
  id: string
  name: string
  data: unknown
}

/** Collects lines of a stream into events. */
export class EventParser {
  private buffer = ''
  private id = ''
  private name = ''
  private data: string[] = []

  push(chunk: string): ServerEvent[] {
    this.buffer += chunk
    const events: ServerEvent[] = []
    let end: number
    while ((end = this.buffer.search(/\r\n|\n|\r(?!$)/)) >= 0) {
      const line = this.buffer.slice(0, end)
      this.buffer = this.buffer.slice(end + (this.buffer.startsWith('\r\n', end) ? 2 : 1))
      const event = this.line(line)
      if (event) events.push(event)
    }
    return events
  }

  private line(line: string): ServerEvent | undefined {
    if (line === '') {
      const { name, data } = this
      this.name = ''
      this.data = []
      if (data.length === 0) return undefined
      const text = data.join('\n')
      let value: unknown = text
      try {
        value = JSON.parse(text)
      } catch {
        // Not every payload must be JSON.
      }
      return { id: this.id, name: name || 'message', data: value }
    }
    if (line.startsWith(':')) return undefined
    const colon = line.indexOf(':')
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'id') this.id = value
    else if (field === 'event') this.name = value
    else if (field === 'data') this.data.push(value)
    return undefined
  }
}

export type StreamState = 'connecting' | 'open' | 'lost' | 'closed'

export interface StreamOptions {
  url: string
  onEvent: (event: ServerEvent) => void
  onState?: (state: StreamState) => void
  /** Called instead of a retry when the session has ended. */
  onUnauthorised?: () => void
  /** Sent with every try, such as a token. */
  headers?: Record<string, string>
  /** The id after which the first try begins. */
  lastId?: string
  /** A stream without any byte for this long is taken for dead. */
  silenceMs?: number
  fetch?: typeof fetch
}

const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 20_000

/** The wait before the given retry (0 is the first), without its random part. */
export function backOffMs(retry: number): number {
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** retry)
}

/** Opens the stream and keeps it open until the returned function is called. */
export function openStream(options: StreamOptions): () => void {
  const { url, onEvent, onState = () => {}, silenceMs = 60_000 } = options
  const get = options.fetch ?? fetch
  let lastId = options.lastId ?? ''
  let retry = 0
  let stopped = false
  let abort = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined

  async function connect(): Promise<void> {
    if (stopped) return
    abort = new AbortController()
    onState('connecting')
    let silence: ReturnType<typeof setTimeout> | undefined
    const alive = () => {
      clearTimeout(silence)
      silence = setTimeout(() => abort.abort(), silenceMs)
    }
    try {
      alive()
      const headers: Record<string, string> = { accept: 'text/event-stream', ...options.headers }
      if (lastId) headers['last-event-id'] = lastId
      const response = await get(url, { headers, credentials: 'same-origin', signal: abort.signal })
      if (response.status === 401) {
        stopped = true
        onState('closed')
        options.onUnauthorised?.()
        return
      }
      if (!response.ok || !response.body) throw new Error(`events: ${response.status}`)
      onState('open')
      retry = 0
      const parser = new EventParser()
      const reader = response.body.pipeThrough(new TextDecoderStream() as unknown as TransformStream<Uint8Array, string>).getReader()
      for (;;) {
        const { value, done } = await reader.read()
        if (done) break
        alive()
        for (const event of parser.push(value)) {
          if (event.id) lastId = event.id
          onEvent(event)
        }
      }
    } catch {
      // Every way to lose the stream ends the same: wait and come back.
    } finally {
      clearTimeout(silence)
    }
    if (stopped) return
    onState('lost')
    const wait = backOffMs(retry++)
    timer = setTimeout(() => void connect(), wait * (0.75 + Math.random() * 0.5))
  }

  const hurry = () => {
    if (stopped || timer === undefined) return
    clearTimeout(timer)
    timer = undefined
    retry = 0
    void connect()
  }
  const online = () => hurry()
  window.addEventListener('online', online)
  void connect()
  return () => {
    stopped = true
    clearTimeout(timer)
    abort.abort()
    window.removeEventListener('online', online)
    onState('closed')
  }
}
