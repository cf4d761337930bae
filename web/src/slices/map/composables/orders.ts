/** Counts of orders by place and area, for the days that are shown. Nothing here knows the map. */
import type { components } from '@/api/schema'

export type MapOrders = components['schemas']['MapOrders']
export type AreaCount = components['schemas']['AreaCount']

/** A place with what stands there on the days that are shown. */
export interface Spot {
  lng: number
  lat: number
  count: number
  open: number
  red: number
}

/** Sums places over all days, or over one. */
export function spots(places: MapOrders['places'], day?: number): Spot[] {
  const found = new Map<string, Spot>()
  for (const [lng, lat, at, count, open, red] of places as [number, number, number, number, number, number, number][]) {
    if (day !== undefined && at !== day) continue
    const key = `${lng},${lat}`
    const spot = found.get(key)
    if (spot) {
      spot.count += count
      spot.open += open
      spot.red += red
    } else found.set(key, { lng, lat, count, open, red })
  }
  return [...found.values()]
}

/** The areas with the counts of one day; as they are when all days are shown. */
export function areasOf(orders: MapOrders, day?: number): AreaCount[] {
  if (day === undefined) return orders.areas
  const list = orders.areas.map((area) => ({ ...area, count: 0, open: 0, red: 0 }))
  for (const [, , at, count, open, red, where] of orders.places as [number, number, number, number, number, number, number][]) {
    const area = at === day && where >= 0 ? list[where] : undefined
    if (!area) continue
    area.count += count
    area.open += open
    area.red += red
  }
  return list
}

/** Orders with a place on each day of the period. */
export function byDay(places: MapOrders['places'], days: number): number[] {
  const list = Array.from({ length: days }, () => 0)
  for (const [, , at, count] of places as [number, number, number, number][]) if (at >= 0 && at < days) list[at]! += count
  return list
}

/** Borders between the steps of a map of areas: as many areas in each step as can be, on round numbers. */
export function steps(counts: number[], wanted = 5): number[] {
  const sorted = counts.filter((count) => count > 0).sort((one, other) => one - other)
  if (!sorted.length) return []
  const borders: number[] = []
  for (let step = 1; step < wanted; step++) {
    const value = round(sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * step) / wanted))]!)
    if (value > (borders.at(-1) ?? 0) && value > sorted[0]!) borders.push(value)
  }
  return borders
}

function round(value: number): number {
  if (value < 20) return value
  const grain = 10 ** (Math.floor(Math.log10(value)) - 1)
  return Math.round(value / grain) * grain
}

/** In which step a count falls, from 0. */
export function stepOf(count: number, borders: number[]): number {
  return borders.filter((border) => count >= border).length
}

/** What a step's legend says. */
export function stepNames(borders: number[], most: number): string[] {
  const froms = [1, ...borders]
  return froms.map((from, at) => {
    const to = (froms[at + 1] ?? Math.max(most, from) + 1) - 1
    return from >= to ? String(from) : `${from}–${to}`
  })
}

/** Days between two dates, both counted. */
export function daysBetween(from: string, to: string): number {
  return Math.max(1, Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000) + 1)
}

export function dayOf(from: string, offset: number): string {
  return new Date(Date.parse(from) + offset * 86_400_000).toISOString().slice(0, 10)
}

/** The condition as the server reads it. */
export function condition(filters: { type: string; category: string; urgency: string; light: string }): string {
  const plain = (value: string) => value.replace(/[\\,;]/g, '\\$&')
  return [
    ['type', filters.type],
    ['category_top', filters.category],
    ['urgency', filters.urgency],
    ['light', filters.light],
  ]
    .filter(([, value]) => value)
    .map(([name, value]) => `${name}:${plain(value!)}`)
    .join(';')
}
