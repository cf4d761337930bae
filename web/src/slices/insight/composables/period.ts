/** Periods of reports: a kind and any day of it. */
import { addDays } from '@/shared/days'

export type PeriodKind = 'day' | 'week' | 'month' | 'quarter' | 'year' | 'custom'
export const PERIOD_KINDS: PeriodKind[] = ['day', 'week', 'month', 'quarter', 'year', 'custom']

export interface Days {
  from: string
  to: string
}

const parts = (day: string) => day.split('-').map(Number) as [number, number, number]
const two = (value: number) => String(value).padStart(2, '0')
/** The first day of a month counted from zero; months beyond the year carry over. */
const monthStart = (year: number, month: number) => {
  const months = year * 12 + month
  return `${Math.floor(months / 12)}-${two((((months % 12) + 12) % 12) + 1)}-01`
}
const weekday = (day: string) => {
  const [year, month, date] = parts(day)
  return (new Date(Date.UTC(year, month - 1, date)).getUTCDay() + 6) % 7
}

/** The days of the period of a kind that holds a day. */
export function daysOf(kind: PeriodKind, day: string, to = day): Days {
  const [year, month] = parts(day)
  const span = (first: number, months: number): Days => ({ from: monthStart(year, first), to: addDays(monthStart(year, first + months), -1) })
  switch (kind) {
    case 'day':
      return { from: day, to: day }
    case 'week': {
      const from = addDays(day, -weekday(day))
      return { from, to: addDays(from, 6) }
    }
    case 'month':
      return span(month - 1, 1)
    case 'quarter':
      return span(Math.floor((month - 1) / 3) * 3, 3)
    case 'year':
      return span(0, 12)
    case 'custom':
      return { from: day, to: to < day ? day : to }
  }
}

/** Reports that tell months apart begin with a year, the one that tells years apart with five of them. */
const YEARLY = ['hot-months', 'compare-agents', 'compare-units']

/** The period that a report opens with. */
export function firstPeriod(report: string, today: string): { kind: PeriodKind; day: string; to: string } {
  if (report === 'risk') return { kind: 'custom', day: monthStart(parts(today)[0] - 4, 0), to: today }
  return { kind: YEARLY.includes(report) ? 'year' : 'month', day: today, to: today }
}

/** The first day of the period before (-1) or after (1). */
export function step(kind: PeriodKind, day: string, by: 1 | -1): string {
  const { from, to } = daysOf(kind, day)
  if (by === 1) return addDays(to, 1)
  return daysOf(kind, addDays(from, -1)).from
}
