import { describe, expect, it } from 'vitest'
import { cumulative, fitting, limits, optionOf } from '../composables/chart'
import { daysOf, firstPeriod, step } from '../composables/period'
import { change, readConditions, shown, writeConditions, type Answer } from '../composables/report'

const answer = (kind: string, names: string[], values: number[]): Answer =>
  ({
    by: [{ id: 'x', name: 'x', about: '', kind }],
    measures: [{ id: 'created', name: '受理量', about: '', kind: 'count' }],
    lines: names.map((name, at) => ({ keys: [name], names: [name], values: [values[at] ?? null], before: [] })),
    totals: [],
    totals_before: [],
    checks: [],
  }) as unknown as Answer

describe('periods', () => {
  it('holds whole weeks, months and quarters', () => {
    expect(daysOf('week', '2026-11-27')).toEqual({ from: '2026-11-23', to: '2026-11-29' })
    expect(daysOf('month', '2024-02-10')).toEqual({ from: '2024-02-01', to: '2024-02-29' })
    expect(daysOf('quarter', '2026-11-27')).toEqual({ from: '2026-10-01', to: '2026-12-31' })
    expect(daysOf('custom', '2026-11-27', '2026-11-01')).toEqual({ from: '2026-11-27', to: '2026-11-27' })
  })
  it('goes back and forth over the end of a year', () => {
    expect(step('month', '2026-01-15', -1)).toBe('2025-12-01')
    expect(step('quarter', '2026-11-27', 1)).toBe('2027-01-01')
    expect(step('day', '2026-01-01', -1)).toBe('2025-12-31')
  })
})

describe('the period that a report opens with', () => {
  it('is long enough for what the report compares', () => {
    expect(firstPeriod('unit', '2026-11-28').kind).toBe('month')
    expect(firstPeriod('compare-units', '2026-11-28').kind).toBe('year')
    const { kind, day, to } = firstPeriod('risk', '2026-11-28')
    expect(daysOf(kind, day, to)).toEqual({ from: '2022-01-01', to: '2026-11-28' })
  })
})

describe('what is still to come', () => {
  it('is a gap in a line and no part of the control limits', () => {
    const told = answer('time', ['1', '2', '3'], [4, 4])
    const texts = { mean: '均值', upper: '上限', lower: '下限', share: '', others: '', before: '' }
    const token = () => '#000'
    const line = optionOf('line', told, 0, texts)(token) as unknown as { series: { data: unknown[] }[] }
    expect(line.series[0]?.data).toEqual([4, 4, null])
    const control = optionOf('control', told, 0, texts)(token) as unknown as { series: { data: unknown[]; markLine: { data: { yAxis: number }[] } }[] }
    expect(control.series[0]?.data).toHaveLength(2)
    expect(control.series[0]?.markLine.data[0]?.yAxis).toBe(4)
  })
})

describe('conditions in the address', () => {
  it('come back as they were written, with any signs', () => {
    const conditions = [{ id: 'district', values: ['云阳区', 'a,b;c:d\\e', ''] }, { id: 'type', values: ['complaint'] }]
    expect(readConditions(writeConditions(conditions))).toEqual(conditions)
  })
  it('survive a damaged address', () => {
    expect(readConditions('nonsense;;type')).toEqual([])
  })
})

describe('numbers', () => {
  it('are written as their measure is', () => {
    expect(shown(0.1234, 'share', 'zh-CN')).toBe('12.3%')
    expect(shown(12345, 'count', 'zh-CN')).toBe('12,345')
    expect(shown(null, 'count', 'zh-CN')).toBe('—')
  })
  it('shares change by their difference, counts by their growth, and nothing grows from zero', () => {
    expect(change(0.5, 0.4, 'share')).toBeCloseTo(0.1)
    expect(change(12, 10, 'count')).toBeCloseTo(0.2)
    expect(change(12, 0, 'count')).toBeUndefined()
  })
})

describe('charts', () => {
  it('know limits and shares so far', () => {
    expect(limits([1, 1, 1])).toEqual({ mean: 1, upper: 1, lower: 1 })
    expect(cumulative([6, 3, 1])).toEqual([60, 90, 100])
    expect(cumulative([0, 0])).toEqual([0, 0])
  })
  it('offer a control chart for time only', () => {
    expect(fitting(answer('time', ['a'], [1]))).toContain('control')
    expect(fitting(answer('word', ['a'], [1]))).not.toContain('control')
  })
  it('draw a pie with the rest as one piece', () => {
    const many = answer('word', Array.from({ length: 15 }, (_, at) => `n${at}`), Array.from({ length: 15 }, () => 2))
    const option = optionOf('pie', many, 0, { mean: '', upper: '', lower: '', share: '', others: '其他', before: '' })(() => '#000') as { series: { data: { name: string; value: number }[] }[] }
    expect(option.series[0]?.data.at(-1)).toEqual({ name: '其他', value: 6 })
  })
})
