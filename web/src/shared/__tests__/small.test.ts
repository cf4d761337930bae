import { describe, expect, it } from 'vitest'
import { readFilters, writeFilters } from '@/shared/composables/useFilters'
import { clock, span } from '@/shared/composables/useFormat'
import { isMeant, keyName } from '@/shared/composables/useHotkeys'
import { addDays, dayEnd, dayOf, dayStart } from '@/shared/days'
import { treeRows } from '@/shared/entities/cases'
import type { CitizenCategory } from '@/shared/entities/portal'

describe('filters in the address', () => {
  const defaults = { q: '', status: '', sort: '-created_at' }
  it('come back as they were written, without the defaults', () => {
    const query = writeFilters(defaults, { q: '路灯', status: '', sort: 'due_at' }, { other: 'x', status: 'assigned' })
    expect(query).toEqual({ other: 'x', q: '路灯', sort: 'due_at' })
    expect(readFilters(defaults, query)).toEqual({ q: '路灯', status: '', sort: 'due_at' })
  })
  it('take the first of several values', () => {
    expect(readFilters(defaults, { q: ['a', 'b'] }).q).toBe('a')
  })
})

describe('days of the city', () => {
  it('begin at midnight in the city, wherever the browser is', () => {
    expect(dayStart('2026-11-21')).toBe(Date.UTC(2026, 10, 20, 16))
    expect(dayOf(Date.UTC(2026, 10, 20, 16))).toBe('2026-11-21')
    expect(dayOf(Date.UTC(2026, 10, 20, 15, 59))).toBe('2026-11-20')
  })
  it('include the last day of a range', () => expect(dayEnd('2026-12-31')).toBe(dayStart('2027-01-01')))
  it('refuse what is no day', () => expect(dayStart('2026-1-1')).toBeUndefined())
  it('step over months', () => expect(addDays('2026-03-01', -1)).toBe('2026-02-28'))
})

it('shows times as a telephone does', () => {
  expect([0, 65_000, 3_661_000, -5].map(clock)).toEqual(['00:00', '01:05', '1:01:01', '00:00'])
})

it('says a span in its largest unit', () => {
  expect(span(90_000_000)).toEqual({ unit: 'day', count: 1 })
  expect(span(7_300_000)).toEqual({ unit: 'hour', count: 2 })
  expect(span(5_000)).toEqual({ unit: 'minute', count: 1 })
})

it('names keys as hot keys spell them', () => {
  expect(keyName(new KeyboardEvent('keydown', { key: 'Enter', ctrlKey: true }))).toBe('Ctrl+Enter')
  expect(keyName(new KeyboardEvent('keydown', { key: 'F2' }))).toBe('F2')
  expect(keyName(new KeyboardEvent('keydown', { key: 'G' }))).toBe('g')
})

it('leaves a hot key of the page alone while a dialog covers it', () => {
  document.body.innerHTML = '<input id="field"><div aria-modal="true"><button id="inside"></button></div>'
  const [field, inside] = [document.getElementById('field'), document.getElementById('inside')]
  const submit = { keys: 'Ctrl+Enter', text: '', always: true, run: () => {} }
  const answer = { keys: 'F2', text: '', always: true, overDialogs: true, run: () => {} }
  expect([isMeant(submit, field), isMeant(submit, inside)]).toEqual([true, false])
  expect([isMeant(answer, field), isMeant(answer, inside)]).toEqual([true, true])
  expect(isMeant({ ...submit, when: () => false }, document.body)).toBe(false)
})

describe('trees', () => {
  it('flatten nested children with their path', () => {
    const rows = treeRows<CitizenCategory>([{ id: 'a', name: 'A', children: [{ id: 'b', name: 'B', children: [] }] }])
    expect(rows.map((row) => [row.path, row.depth, row.leaf])).toEqual([['A', 0, false], ['A / B', 1, true]])
  })
  it('flatten rows that name their parent, and show those whose parent is out of sight', () => {
    const rows = treeRows([{ id: 'b', name: 'B', parent_id: 'a' }, { id: 'a', name: 'A', parent_id: null }, { id: 'z', name: 'Z', parent_id: 'gone' }])
    expect(rows.map((row) => row.path)).toEqual(['A', 'A / B', 'Z'])
  })
})
