import { onScopeDispose } from 'vue'

/**
 * Returns a function that runs `work` once within `waitMs`, however often it is called meanwhile. The first call
 * starts the clock and later ones do not move it: under a steady stream of events a screen still refreshes.
 */
export function useCalm(work: () => unknown, waitMs: number): () => void {
  let pause: ReturnType<typeof setTimeout> | undefined
  onScopeDispose(() => clearTimeout(pause))
  return () => {
    pause ??= setTimeout(() => {
      pause = undefined
      void work()
    }, waitMs)
  }
}
