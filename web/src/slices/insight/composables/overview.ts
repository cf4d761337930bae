/** Figures as the server sends them, made even for charts. */

export interface Slice {
  key: string
  name: string
  count: number
}

export interface Overview {
  totals?: Record<string, number>
  by_type?: unknown[]
  by_category?: unknown[]
  by_district?: unknown[]
  by_status?: unknown[]
  by_source?: unknown[]
  by_day?: unknown[]
  on_time_rate?: number | null
  satisfaction_rate?: number | null
  recent_bad_ratings?: { rating_id: string; case_id: string; case_number: string; case_title: string; stars: number; comment: string; given_at: number }[]
}

/** Rows of a breakdown, by code where they have one. */
export function slices(rows: unknown[] | undefined): Slice[] {
  return (rows ?? []).map((row) => {
    const raw = row as Record<string, unknown>
    const key = String(raw.code ?? raw.day ?? raw.name ?? '')
    return { key, name: String(raw.name ?? key), count: Number(raw.count ?? 0) }
  })
}

/** Every day of the range in order, those without orders as zero; days are `YYYY-MM-DD`. */
export function fillDays(rows: Slice[], from: string, to: string, next: (day: string) => string): Slice[] {
  const counts = new Map(rows.map((row) => [row.key.slice(0, 10), row.count]))
  const days: Slice[] = []
  for (let day = from; day <= to && days.length < 400; day = next(day)) days.push({ key: day, name: day.slice(5), count: counts.get(day) ?? 0 })
  return days
}
