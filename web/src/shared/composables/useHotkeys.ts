import { onBeforeUnmount, onMounted, shallowReactive } from 'vue'

export interface Hotkey {
  /** Such as `F2`, `Ctrl+Enter`, `/`, `?` or a sequence `g t`. */
  keys: string
  /** What it does, as a text key. */
  text: string
  /** Works while the reader types in a field. */
  always?: boolean
  /** Works over an open dialog too: the telephone, help. All others belong to the page that the dialog covers. */
  overDialogs?: boolean
  /** The help lists it, and it works, only while this is true. */
  when?: () => boolean
  run: (event: KeyboardEvent) => void
}

/** All hot keys in force now; the help overlay shows these. */
export const hotkeys = shallowReactive(new Set<Hotkey>())

let prefix = ''
let prefixUntil: ReturnType<typeof setTimeout> | undefined

/** The name of a pressed key as hot keys spell it. */
export function keyName(event: KeyboardEvent): string {
  const key = event.key.length === 1 && event.key !== '?' ? event.key.toLowerCase() : event.key
  const parts = []
  if (event.ctrlKey || event.metaKey) parts.push('Ctrl')
  if (event.altKey) parts.push('Alt')
  parts.push(key)
  return parts.join('+')
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
}

function isInDialog(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('[aria-modal="true"]') !== null
}

/** Tells whether a key that was pressed here is meant for a hot key. */
export function isMeant(hotkey: Hotkey, target: EventTarget | null): boolean {
  return (hotkey.always || !isTyping(target)) && (hotkey.overDialogs || !isInDialog(target)) && (hotkey.when?.() ?? true)
}

function onKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing) return
  const pressed = keyName(event)
  const sequence = prefix ? `${prefix} ${pressed}` : pressed
  prefix = ''
  clearTimeout(prefixUntil)
  // The last one mounted wins: a dialog's keys come before its page's.
  for (const hotkey of [...hotkeys].reverse()) {
    if (hotkey.keys !== sequence || !isMeant(hotkey, event.target)) continue
    event.preventDefault()
    hotkey.run(event)
    return
  }
  if ([...hotkeys].some((hotkey) => hotkey.keys.startsWith(`${pressed} `) && isMeant(hotkey, event.target))) {
    prefix = pressed
    prefixUntil = setTimeout(() => (prefix = ''), 1200)
  }
}

/** Sets hot keys for as long as the calling component lives. */
export function useHotkeys(mine: Hotkey[]): void {
  onMounted(() => {
    if (hotkeys.size === 0) document.addEventListener('keydown', onKey)
    for (const hotkey of mine) hotkeys.add(hotkey)
  })
  onBeforeUnmount(() => {
    for (const hotkey of mine) hotkeys.delete(hotkey)
    if (hotkeys.size === 0) document.removeEventListener('keydown', onKey)
  })
}
