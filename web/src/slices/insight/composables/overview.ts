/** Figures as the server sends them, made even for charts. */
import type { Overview } from '@/shared/entities/cases'

export interface Slice {
  key: string
  name: string
  count: number
}

/** Rows of a breakdown, by code where they have one. */
export function slices(rows: readonly (Overview['by_type'][number] | Overview['by_day'][number])[] = []): Slice[] {
  return rows.map((row) => ('day' in row ? { key: row.day, name: row.day, count: row.count } : { key: row.code ?? row.name, name: row.name, count: row.count }))
}

/** Every day of the range in order, those without orders as zero; days are `YYYY-MM-DD`. */
export function fillDays(rows: Slice[], from: string, to: string, next: (day: string) => string): Slice[] {
  const counts = new Map(rows.map((row) => [row.key.slice(0, 10), row.count]))
  const days: Slice[] = []
  for (let day = from; day <= to && days.length < 400; day = next(day)) days.push({ key: day, name: day.slice(5), count: counts.get(day) ?? 0 })
  return days
}
