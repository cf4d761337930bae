import { effectScope } from 'vue'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { useCalm } from '../composables/useCalm'

describe('a calm reload', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('happens under a steady stream of events, but not once for each', () => {
    const work = vi.fn()
    const soon = effectScope().run(() => useCalm(work, 800))!
    for (let at = 0; at < 4000; at += 100) {
      soon()
      vi.advanceTimersByTime(100)
    }
    expect(work.mock.calls.length).toBeGreaterThanOrEqual(4)
    expect(work.mock.calls.length).toBeLessThanOrEqual(5)
  })

  it('does not happen on a page that was left', () => {
    const work = vi.fn()
    const scope = effectScope()
    scope.run(() => useCalm(work, 800))!()
    scope.stop()
    vi.advanceTimersByTime(2000)
    expect(work).not.toHaveBeenCalled()
  })
})
