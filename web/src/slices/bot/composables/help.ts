/** What can be filled into the order from what was written so far, and what became of it. */

export interface Because { text: string; weight: number }
export interface Suggestion {
  field: string
  value: string
  label: string
  confidence?: number | null
  origin: 'model' | 'text' | 'catalogue'
  reasons: Because[]
}
export interface Mention { kind: string; text: string; value: string; until?: string | null }
export interface SameReason { code: string; value?: number | null }
export interface SameOrder {
  id: string
  number: string
  title: string
  status: string
  settled: boolean
  address?: string | null
  created_at: number
  score: number
  reasons: SameReason[]
}
export interface Entry { entry_id: string; answer_id?: string | null; number: string; title: string; text: string; publisher: string }
export interface Help { suggestions: Suggestion[]; mentions: Mention[]; same: SameOrder[]; entries: Entry[]; missing: string[] }

/** The fields of an order that suggestions fill. */
export interface Fillable {
  type: string
  category_id: string | null
  urgency: string
  title: string
  content: string
  district: string
  address: string
  name: string
  phone: string
}

const FILLS: readonly (keyof Fillable)[] = ['category_id', 'type', 'urgency', 'title', 'district', 'address', 'name', 'phone']
const fills = (field: string): field is keyof Fillable => (FILLS as readonly string[]).includes(field)

/** What is offered: suggestions for fields that hold something else, in the order of the form. */
export function offered(suggestions: Suggestion[], order: Fillable): Suggestion[] {
  return suggestions
    .filter(({ field, value }) => fills(field) && value && (order[field] ?? '') !== value)
    // What somebody typed is not overwritten by what was guessed from it.
    .filter(({ field }) => !['title', 'name', 'phone', 'address'].includes(field) || !String(order[field as keyof Fillable] ?? '').trim())
    .filter(({ field, value }) => !(field === 'urgency' && value === 'normal'))
    .sort((a, b) => FILLS.indexOf(a.field as keyof Fillable) - FILLS.indexOf(b.field as keyof Fillable))
}

/** Takes a suggestion over. */
export function accept(order: Fillable, { field, value }: Suggestion): void {
  if (fills(field)) Object.assign(order, { [field]: value })
}

/** Writes the day and hour behind the words that mean them, once. */
export function spellOut(content: string, mention: Mention, write: (from: string, until?: string | null) => string): string {
  const at = content.indexOf(mention.text)
  if (at < 0) return content
  const after = at + mention.text.length
  const spelt = `（${write(mention.value, mention.until)}）`
  return content.startsWith('（', after) ? content : content.slice(0, after) + spelt + content.slice(after)
}

/** `2026-11-26T20:00:00` as 11月26日 20:00, without the hour of whole days. */
export function momentText(from: string, until: string | null | undefined, locale: string): string {
  const part = (text: string) => {
    const [, year, month, day, hour, minute] = /^(\d+)-(\d+)-(\d+)T(\d+):(\d+)/.exec(text) ?? []
    return { year, month: Number(month), day: Number(day), time: `${hour}:${minute}` }
  }
  const a = part(from)
  const b = until ? part(until) : a
  const day = (one: ReturnType<typeof part>) => (locale === 'en' ? `${one.year}-${String(one.month).padStart(2, '0')}-${String(one.day).padStart(2, '0')}` : `${one.year}年${one.month}月${one.day}日`)
  const sameDay = a.year === b.year && a.month === b.month && a.day === b.day
  const whole = a.time === '00:00' && b.time === '23:59'
  if (sameDay) return whole ? day(a) : `${day(a)} ${a.time}`
  return `${day(a)} – ${day(b)}`
}

/** What became of suggestions when the order was written: taken, or something else chosen. */
export function outcomes(shown: Suggestion[], order: Fillable): { field: string; suggested: string; chosen: string; origin: string; confidence?: number }[] {
  const last = new Map(shown.filter(({ field }) => fills(field)).map((one) => [one.field, one]))
  return [...last.values()].slice(0, 20).map(({ field, value, origin, confidence }) => ({
    field,
    suggested: value.slice(0, 300),
    chosen: String(order[field as keyof Fillable] ?? '').slice(0, 300),
    origin,
    ...(typeof confidence === 'number' ? { confidence } : {}),
  }))
}
