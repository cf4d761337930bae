/**
 * The telephone in a frame of another system: what that system may ask, and what it is told.
 * Described for its builders in docs/how-to/embed-the-telephone.md.
 */

/** A message of the other system. */
export interface Ask {
  yihao: 1
  /** Comes back with the answer. */
  id?: string | number
  command: 'state' | 'dial' | 'answer' | 'hang_up' | 'ready' | 'not_ready'
  number?: string
}

/** What the telephone does now. */
export interface Telling {
  state: string
  call_id: string | null
  caller: string
  direction: string
}

export interface Phone {
  now: () => Telling
  dial: (number: string) => Promise<boolean>
  answer: () => Promise<unknown>
  hangUp: () => Promise<unknown>
  setState: (state: 'ready' | 'not_ready') => Promise<boolean>
}

const COMMANDS = ['state', 'dial', 'answer', 'hang_up', 'ready', 'not_ready']

/** Reads a message; anything that is not exactly one of ours is nothing. */
export function readAsk(data: unknown): Ask | null {
  if (!data || typeof data !== 'object') return null
  const ask = data as Partial<Ask>
  if (ask.yihao !== 1 || typeof ask.command !== 'string' || !COMMANDS.includes(ask.command)) return null
  if (ask.id !== undefined && typeof ask.id !== 'string' && typeof ask.id !== 'number') return null
  if (ask.command === 'dial' && (typeof ask.number !== 'string' || !/^\+?[0-9*#]{1,24}$/.test(ask.number))) return null
  return ask as Ask
}

/** Carries a command out. */
async function carryOut(ask: Ask, phone: Phone): Promise<boolean> {
  switch (ask.command) {
    case 'state':
      return true
    case 'dial':
      return phone.dial(ask.number ?? '')
    case 'answer':
      await phone.answer()
      return true
    case 'hang_up':
      await phone.hangUp()
      return true
    default:
      return phone.setState(ask.command)
  }
}

/**
 * Answers messages of allowed origins from the page that holds the frame; others are left without an answer.
 */
export function listen(holder: Window, origins: () => string[], phone: Phone, on: Window = window): () => void {
  const hear = (event: MessageEvent): void => {
    if (event.source !== holder || !origins().includes(event.origin)) return
    const ask = readAsk(event.data)
    if (!ask) return
    void carryOut(ask, phone)
      .catch(() => false)
      .then((ok) => holder.postMessage({ yihao: 1, id: ask.id, ok, ...phone.now() }, event.origin))
  }
  on.addEventListener('message', hear)
  return () => on.removeEventListener('message', hear)
}

/** What happened between two moments, as the other system is told. */
export function happened(before: Telling, now: Telling): { event: 'ringing' | 'answered' | 'ended' | 'state' } & Telling | null {
  const busy = (telling: Telling) => ['talking', 'held', 'dialling'].includes(telling.state)
  if (now.state === 'ringing' && before.state !== 'ringing') return { event: 'ringing', ...now }
  if (['talking', 'held'].includes(now.state) && !['talking', 'held'].includes(before.state)) return { event: 'answered', ...now }
  if ((busy(before) || before.state === 'ringing') && !busy(now) && now.state !== 'ringing') return { event: 'ended', ...now, call_id: before.call_id, caller: before.caller, direction: before.direction }
  return now.state !== before.state ? { event: 'state', ...now } : null
}
