/**
 * The citizen's conversation: kept in this browser by its token, so that a reload or a lost network costs nothing
 * that was said.
 */
import { onScopeDispose, reactive } from 'vue'
import { api, BASE, newKey } from '@/shared/api'
import { openStream } from '@/shared/sse'

export interface ChatSource { entry_id: string; number: string; title: string; publisher: string; published_at: number }
export interface ChatMessage {
  no: number
  at: number
  speaker: 'citizen' | 'robot' | 'agent' | 'system'
  name: string
  text: string
  extra: { kind?: string; source?: ChatSource; options?: string[] }
  helpful?: boolean | null
}
export interface ChatView {
  id: string
  state: 'robot' | 'waiting' | 'served' | 'ended'
  agent?: string | null
  before?: number | null
  wait_secs?: number | null
  case_number?: string | null
  stars?: number | null
  messages: ChatMessage[]
}
interface Kept { id: string; token: string }

const KEY = 'yihao.chat'
const ORDERS = 'yihao.orders'

/** Takes messages in by their numbers; none twice, none out of order. */
export function merge(known: ChatMessage[], more: ChatMessage[]): ChatMessage[] {
  const byNo = new Map(known.map((one) => [one.no, one]))
  for (const one of more) byNo.set(one.no, one)
  return [...byNo.values()].sort((a, b) => a.no - b.no)
}

/** Remembers an order in this browser, for progress without asking; the newest ten. */
export function rememberOrder(number: string, code: string): void {
  try {
    const rest = knownOrders().filter((one) => one.number !== number)
    localStorage.setItem(ORDERS, JSON.stringify([{ number, code }, ...rest].slice(0, 10)))
  } catch {
    // A browser that keeps nothing still sends orders.
  }
}
export function knownOrders(): { number: string; code: string }[] {
  try {
    const stored = JSON.parse(localStorage.getItem(ORDERS) ?? '[]') as { number: string; code: string }[]
    return Array.isArray(stored) ? stored.filter((one) => typeof one?.number === 'string' && typeof one?.code === 'string') : []
  } catch {
    return []
  }
}

export function useChat() {
  const chat = reactive({ view: undefined as ChatView | undefined, lost: false, busy: false, failed: undefined as unknown })
  let kept: Kept | undefined
  let close: (() => void) | undefined
  const headers = () => ({ 'x-chat-token': kept?.token ?? '' })

  function take(view: ChatView): void {
    chat.view = { ...view, messages: merge(chat.view?.id === view.id ? chat.view.messages : [], view.messages) }
    if (view.state === 'ended') stop()
  }
  function stop(): void {
    close?.()
    close = undefined
    chat.lost = false
  }
  function follow(): void {
    stop()
    if (!kept || !chat.view || chat.view.state === 'ended') return
    const id = kept.id
    close = openStream({
      url: `${BASE}/portal/chats/${id}/events`,
      headers: headers(),
      lastId: String(chat.view.messages.at(-1)?.no ?? 0),
      onState: (state) => { chat.lost = state === 'lost' },
      onEvent: ({ name, data }) => {
        if (!chat.view || chat.view.id !== id) return
        if (name === 'message') chat.view.messages = merge(chat.view.messages, [data as ChatMessage])
        if (name === 'state') Object.assign(chat.view, data as Partial<ChatView>)
        if (chat.view.state === 'ended') stop()
      },
    })
  }
  async function work<T>(run: () => Promise<T>): Promise<T | undefined> {
    chat.busy = true
    try {
      const answer = await run()
      chat.failed = undefined
      return answer
    } catch (cause) {
      chat.failed = cause
      return undefined
    } finally {
      chat.busy = false
    }
  }
  async function begin(): Promise<void> {
    stop()
    chat.view = undefined
    await work(async () => {
      const begun = await api.post<ChatView & { token: string }>('/portal/chats', { orders: knownOrders().slice(0, 3) })
      kept = { id: begun.id, token: begun.token }
      sessionStorage.setItem(KEY, JSON.stringify(kept))
      take(begun)
      follow()
    })
  }
  /** Goes on with the conversation of this page, else begins one. */
  async function open(): Promise<void> {
    try {
      kept = JSON.parse(sessionStorage.getItem(KEY) ?? 'null') ?? undefined
    } catch {
      kept = undefined
    }
    if (kept) {
      try {
        take(await api.get<ChatView>(`/portal/chats/${kept.id}`, {}, { headers: headers() }))
        follow()
        return
      } catch {
        // It is too old, or the server has forgotten it: a new one begins.
      }
    }
    await begin()
  }
  async function say(text: string): Promise<boolean> {
    const id = kept?.id
    if (!id || !text.trim()) return false
    const answer = await work(() => api.post<ChatView>(`/portal/chats/${id}/messages`, { text }, { headers: headers(), idempotencyKey: newKey() }))
    if (answer) {
      take(answer)
      for (const message of answer.messages) rememberFrom(message)
    }
    return !!answer
  }
  /** An order that the robot has just written is remembered, too. */
  function rememberFrom({ extra, text }: ChatMessage): void {
    if (extra.kind !== 'order') return
    const number = /[A-Z]{1,4}[\d-]{8,}/.exec(text)?.[0]
    const code = /(?:查询码：|Code: )(\d{6})/.exec(text)?.[1]
    if (number && code) rememberOrder(number, code)
  }
  async function person(): Promise<void> {
    const answer = await work(() => api.post<ChatView>(`/portal/chats/${kept?.id}/person`, {}, { headers: headers() }))
    if (answer) take(answer)
  }
  async function leave(): Promise<void> {
    const answer = await work(() => api.delete<ChatView>(`/portal/chats/${kept?.id}`, undefined, { headers: headers() }))
    if (answer) take(answer)
  }
  async function judge(message: ChatMessage, helpful: boolean): Promise<void> {
    const done = await work(async () => { await api.post(`/portal/chats/${kept?.id}/judgements`, { no: message.no, helpful }, { headers: headers() }); return true })
    if (done) message.helpful = helpful
  }
  async function rate(stars: number, comment: string): Promise<void> {
    const answer = await work(() => api.post<ChatView>(`/portal/chats/${kept?.id}/rating`, { stars, comment }, { headers: headers() }))
    if (answer) take(answer)
  }
  onScopeDispose(stop)
  return { chat, open, begin, say, person, leave, judge, rate }
}
