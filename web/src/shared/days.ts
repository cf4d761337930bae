/** Calendar days of the city's zone (UTC+8, no summer time) and instants in epoch milliseconds. */

const OFFSET_MS = 8 * 3_600_000
const DAY_MS = 86_400_000

/** First instant of a day `YYYY-MM-DD`; nothing for an empty or damaged text. */
export function dayStart(day: string): number | undefined {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day)
  if (!match) return undefined
  return Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3])) - OFFSET_MS
}

/** First instant after a day, for filters that include their last day. */
export function dayEnd(day: string): number | undefined {
  const start = dayStart(day)
  return start === undefined ? undefined : start + DAY_MS
}

/** The day of an instant. */
export function dayOf(at: number): string {
  return new Date(at + OFFSET_MS).toISOString().slice(0, 10)
}

export function addDays(day: string, count: number): string {
  return dayOf((dayStart(day) ?? 0) + count * DAY_MS)
}

/** What a field `datetime-local` shows of an instant. */
export function localMinute(at: number): string {
  return new Date(at + OFFSET_MS).toISOString().slice(0, 16)
}

/** The instant of such a field. */
export function minuteAt(text: string): number {
  return new Date(`${text}Z`).getTime() - OFFSET_MS
}
