import { reactive, watch } from 'vue'

/**
 * A form's values, kept in the browser until `clear`, so that a reload, a lost
 * session or a wrong click costs nobody what was typed.
 */
export function useDraft<T extends object>(key: () => string, empty: () => T) {
  const values = reactive(empty()) as T
  const name = () => `yihao.draft.${key()}`

  function load(): void {
    let stored: Partial<T> = {}
    try {
      stored = JSON.parse(localStorage.getItem(name()) ?? '{}') as Partial<T>
    } catch {
      // A damaged draft is as good as none.
    }
    Object.assign(values, empty(), stored)
  }
  function isEmpty(): boolean {
    return JSON.stringify(values) === JSON.stringify(empty())
  }
  function clear(): void {
    localStorage.removeItem(name())
    Object.assign(values, empty())
  }

  load()
  watch(key, load)
  watch(
    values,
    () => {
      if (isEmpty()) localStorage.removeItem(name())
      else localStorage.setItem(name(), JSON.stringify(values))
    },
    { deep: true },
  )
  return { values, clear, load, isEmpty }
}
