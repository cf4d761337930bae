import { useI18n } from 'vue-i18n'

/** `m:ss`, or `h:mm:ss` from an hour on. */
export function clock(ms: number): string {
  const secs = Math.max(0, Math.floor(ms / 1000))
  const two = (n: number) => String(n).padStart(2, '0')
  const hours = Math.floor(secs / 3600)
  const rest = `${two(Math.floor((secs % 3600) / 60))}:${two(secs % 60)}`
  return hours ? `${hours}:${rest}` : rest
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** The largest unit that says a span well: 3 days, 5 hours, 20 minutes. */
export function span(ms: number): { unit: 'day' | 'hour' | 'minute'; count: number } {
  const size = Math.abs(ms)
  if (size >= DAY) return { unit: 'day', count: Math.floor(size / DAY) }
  if (size >= HOUR) return { unit: 'hour', count: Math.floor(size / HOUR) }
  return { unit: 'minute', count: Math.max(1, Math.floor(size / MINUTE)) }
}

/** Times and figures in the reader's language; all instants are epoch milliseconds. */
export function useFormat() {
  const { t, locale } = useI18n()
  const zone = 'Asia/Shanghai'
  const format = (at: number, options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(locale.value, { timeZone: zone, hour12: false, ...options }).format(at)

  const date = (at?: number | null) => (at ? format(at, { year: 'numeric', month: '2-digit', day: '2-digit' }) : '—')
  const time = (at?: number | null) => (at ? format(at, { hour: '2-digit', minute: '2-digit' }) : '—')
  const dateTime = (at?: number | null) =>
    at ? format(at, { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' }) : '—'
  /** Short for lists: today as a time, this year without the year. */
  const short = (at?: number | null, now = Date.now()) => {
    if (!at) return '—'
    if (date(at) === date(now)) return time(at)
    return format(at, { month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' })
  }
  const words = (ms: number) => {
    const { unit, count } = span(ms)
    return t(`time.${unit}`, { n: count })
  }
  /** "2 days left" or "3 hours overdue". */
  const due = (at: number | null | undefined, now = Date.now()) => {
    if (!at) return t('time.no_due')
    return at >= now ? t('time.left', { span: words(at - now) }) : t('time.overdue', { span: words(now - at) })
  }
  const ago = (at: number, now = Date.now()) =>
    now - at < MINUTE ? t('time.just_now') : t('time.ago', { span: words(now - at) })
  const percent = (rate?: number | null) => (rate === null || rate === undefined ? '—' : `${Math.round(rate * 1000) / 10}%`)
  const number = (value?: number | null) =>
    value === null || value === undefined ? '—' : new Intl.NumberFormat(locale.value).format(value)
  return { date, time, dateTime, short, due, ago, words, percent, number, clock }
}
