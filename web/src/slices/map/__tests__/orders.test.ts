import { describe, expect, it } from 'vitest'
import { areasOf, byDay, condition, dayOf, daysBetween, spots, stepNames, stepOf, steps, type MapOrders } from '../composables/orders'

const orders = {
  // lng, lat, day, orders, open, late, area
  places: [
    [112.5, 30.2, 0, 4, 2, 1, 0],
    [112.5, 30.2, 1, 2, 1, 0, 0],
    [112.6, 30.3, 1, 3, 3, 3, 1],
    [120, 30, 1, 9, 9, 0, -1],
  ],
  areas: [
    { id: 'a', code: '1', name: '甲', count: 6, open: 3, red: 1 },
    { id: 'b', code: '2', name: '乙', count: 3, open: 3, red: 3 },
  ],
  grain_m: 1,
  total: 18,
  unplaced: 0,
  outside: 9,
} as MapOrders

describe('orders on the map', () => {
  it('are summed by place over all days, or shown for one', () => {
    expect(spots(orders.places)).toHaveLength(3)
    expect(spots(orders.places)[0]).toMatchObject({ count: 6, open: 3, red: 1 })
    expect(spots(orders.places, 0)).toEqual([{ lng: 112.5, lat: 30.2, count: 4, open: 2, red: 1 }])
    expect(byDay(orders.places, 3)).toEqual([4, 14, 0])
  })
  it('are counted by area for the day that is shown', () => {
    expect(areasOf(orders).map((area) => area.count)).toEqual([6, 3])
    expect(areasOf(orders, 1).map((area) => [area.count, area.red])).toEqual([[2, 0], [3, 3]])
    expect(areasOf(orders, 2).map((area) => area.count)).toEqual([0, 0])
  })
  it('are coloured in steps that hold about as many areas each', () => {
    const borders = steps([1, 2, 3, 5, 8, 13, 120, 240, 0, 0])
    expect(borders).toEqual([2, 5, 8, 120])
    expect([0, 1, 2, 12, 119, 500].map((count) => stepOf(count, borders))).toEqual([0, 0, 1, 3, 3, 4])
    expect(stepNames(borders, 240)).toEqual(['1', '2–4', '5–7', '8–119', '120–240'])
    expect(steps([0, 0])).toEqual([])
    expect(steps([7])).toEqual([])
    expect(stepNames(steps([7, 7]), 7)).toEqual(['1–7'])
  })
  it('days and conditions are written as the server reads them', () => {
    expect(daysBetween('2026-02-27', '2026-03-02')).toBe(4)
    expect(dayOf('2026-02-27', 3)).toBe('2026-03-02')
    expect(condition({ type: 'complaint', category: '', urgency: 'urgent', light: '' })).toBe('type:complaint;urgency:urgent')
    expect(condition({ type: 'a,b;c', category: '', urgency: '', light: '' })).toBe('type:a\\,b\\;c')
  })
})
