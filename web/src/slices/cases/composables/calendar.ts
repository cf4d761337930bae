import type { Calendar } from '@/shared/entities/cases'

/** A day that the calendar names; all others follow the week. */
export type SetDay = Calendar['days'][number]

export interface Day {
  date: string
  /** 1 is Monday. */
  weekday: number
  work: boolean
  name: string
  /** Set by the calendar against or beside the rule of the week. */
  set: boolean
}

/** The twelve months of a year; Saturday and Sunday are off unless the calendar says otherwise. */
export function monthsOf(year: number, set: readonly SetDay[]): Day[][] {
  const named = new Map(set.map((day) => [day.date, day]))
  return Array.from({ length: 12 }, (_, month) => {
    const length = new Date(Date.UTC(year, month + 1, 0)).getUTCDate()
    return Array.from({ length }, (_, index) => {
      const at = new Date(Date.UTC(year, month, index + 1))
      const date = at.toISOString().slice(0, 10)
      const weekday = at.getUTCDay() || 7
      const one = named.get(date)
      const work = one ? one.kind === 'work' : weekday <= 5
      return { date, weekday, work, name: one?.name ?? '', set: Boolean(one) && (work !== weekday <= 5 || Boolean(one?.name)) }
    })
  })
}
