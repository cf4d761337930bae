import { describe, expect, it } from 'vitest'
import { accept, momentText, offered, outcomes, spellOut, type Fillable, type Suggestion } from '../composables/help'

const empty = (): Fillable => ({ type: 'complaint', category_id: null, urgency: 'normal', title: '', content: '', district: '', address: '', name: '', phone: '' })
const suggestion = (field: string, value: string): Suggestion => ({ field, value, label: value, origin: 'model', confidence: 0.8, reasons: [] })

describe('suggestions for an order', () => {
  it('offers what the form does not hold yet, in the order of the form', () => {
    const all = [suggestion('address', '听澜雅苑3号楼'), suggestion('category_id', 'c1'), suggestion('unit_id', 'u1'), suggestion('urgency', 'normal'), suggestion('type', 'complaint')]
    expect(offered(all, empty()).map((one) => one.field)).toEqual(['category_id', 'address'])
  })

  it('never overwrites what somebody typed', () => {
    const order = { ...empty(), name: '王女士', title: '电梯故障' }
    expect(offered([suggestion('name', '李国强'), suggestion('title', '听澜雅苑电梯')], order)).toEqual([])
  })

  it('takes one over and then no longer offers it', () => {
    const order = empty()
    const one = suggestion('category_id', 'c1')
    accept(order, one)
    expect(order.category_id).toBe('c1')
    expect(offered([one], order)).toEqual([])
  })

  it('tells what became of each field, the last suggestion counting', () => {
    const order = { ...empty(), category_id: 'c2' }
    expect(outcomes([suggestion('category_id', 'c0'), suggestion('category_id', 'c1')], order)).toEqual([
      { field: 'category_id', suggested: 'c1', chosen: 'c2', origin: 'model', confidence: 0.8 },
    ])
  })
})

describe('times that are spelt out', () => {
  it('writes the day behind the words, once', () => {
    const mention = { kind: 'time', text: '昨天晚上8点', value: '2026-11-26T20:00:00', until: '2026-11-26T20:59:59' }
    const write = (from: string, until?: string | null) => momentText(from, until, 'zh-CN')
    const once = spellOut('电梯昨天晚上8点坏了', mention, write)
    expect(once).toBe('电梯昨天晚上8点（2026年11月26日 20:00）坏了')
    expect(spellOut(once, mention, write)).toBe(once)
  })

  it('leaves out the hour of whole days and names both ends of longer times', () => {
    expect(momentText('2026-11-26T00:00:00', '2026-11-26T23:59:59', 'zh-CN')).toBe('2026年11月26日')
    expect(momentText('2026-11-01T00:00:00', '2026-11-30T23:59:59', 'en')).toBe('2026-11-01 – 2026-11-30')
  })
})
