import { onScopeDispose, ref } from 'vue'
import { BASE } from '@/shared/api'
import { openStream, type ServerEvent, type StreamState } from '@/shared/sse'

type Listener = (data: never, event: ServerEvent) => void

const listeners = new Map<string, Set<Listener>>()
const state = ref<StreamState>('closed')
let close: (() => void) | undefined

function deliver(event: ServerEvent): void {
  for (const [pattern, set] of listeners) {
    if (pattern !== event.name && !(pattern.endsWith('*') && event.name.startsWith(pattern.slice(0, -1)))) continue
    for (const listener of set) listener(event.data as never, event)
  }
}

/** Tells listeners in this tab of something that the page itself did. */
export function tell(name: string, data: unknown = {}): void {
  deliver({ id: '', name, data } as ServerEvent)
}

/** Starts the one stream of this tab; a second call does nothing. */
export function startEvents(onUnauthorised: () => void): void {
  close ??= openStream({
    url: `${BASE}/events`,
    onEvent: deliver,
    onState: (next) => {
      // A stream that came back may have missed live pushes: listeners of this name read anew.
      if (next === 'open' && state.value !== 'closed') deliver({ id: '', name: 'stream.open', data: {} })
      state.value = next
    },
    onUnauthorised,
  })
}

export function stopEvents(): void {
  close?.()
  close = undefined
  state.value = 'closed'
}

/**
 * Listens to events by name, or by `slice.*`, for as long as the calling scope
 * lives. `stream.open` tells that the stream (re)opened.
 */
export function useEvents(handlers: Record<string, (data: any, event: ServerEvent) => void>) {
  for (const [name, listener] of Object.entries(handlers)) {
    if (!listeners.has(name)) listeners.set(name, new Set())
    listeners.get(name)?.add(listener as Listener)
  }
  onScopeDispose(() => {
    for (const [name, listener] of Object.entries(handlers)) listeners.get(name)?.delete(listener as Listener)
  })
  return { state }
}
