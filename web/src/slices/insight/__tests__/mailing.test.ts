import { describe, expect, it } from 'vitest'
import { EVERY, RUN_TONES, SPANS, spanOf, spoken, usual } from '../composables/mailing'
import { mailingTexts } from '../texts.mailing'

const texts = mailingTexts.mailing as Record<string, unknown>
/** Reads the Chinese text of a key, as the page does. */
const t = (key: string, values: Record<string, unknown> = {}) => {
  const pair = key.split('.').slice(1).reduce<unknown>((found, part) => (found as Record<string, unknown>)[part], texts) as string[]
  return (pair[0] ?? '').replace(/\{(\w+)\}/g, (_, name: string) => String(values[name]))
}

describe('reports by mail', () => {
  it('says when one comes', () => {
    expect(spoken({ every: 'day', on_day: 0, hour: 8 }, t)).toBe('每天 08:00')
    expect(spoken({ every: 'week', on_day: 7, hour: 18 }, t)).toBe('每周日 18:00')
    expect(spoken({ every: 'month', on_day: 1, hour: 0 }, t)).toBe('每月 1 日 00:00')
    expect(spoken({ every: 'month', on_day: 31, hour: 9 }, t)).toBe('每月 31 日（或最后一天）09:00')
  })

  it('offers the days that a period becomes and how often they are wanted', () => {
    expect([spanOf('day'), spanOf('week'), spanOf('custom')]).toEqual(['yesterday', 'last_week', 'last_month'])
    expect([usual('yesterday').every, usual('last_week').every, usual('last_year').every]).toEqual(['day', 'week', 'month'])
  })

  it('has words for whatever the server says', () => {
    const words = (of: string) => Object.keys(texts[of] as object)
    expect(words('spans')).toEqual([...SPANS])
    expect(words('everies')).toEqual([...EVERY])
    expect(words('run_states').sort()).toEqual(Object.keys(RUN_TONES).sort())
  })
})
