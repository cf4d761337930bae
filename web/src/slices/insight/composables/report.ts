/** What a report's page works with: numbers as text, changes, conditions in the address. */
import type { components } from '@/api/schema'

export type Report = components['schemas']['ReportView']
export type Answer = components['schemas']['ReportAnswer']
export type Line = components['schemas']['ReportLine']
export type Field = components['schemas']['ReportField']
export type Rows = components['schemas']['ReportRows']
export type Design = components['schemas']['ReportDesignView']

/** Writes a number as its measure is written. */
export function shown(value: number | null | undefined, kind: string, locale: string, zone = 'Asia/Shanghai'): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '—'
  const number = (digits: number, min = 0) => new Intl.NumberFormat(locale, { maximumFractionDigits: digits, minimumFractionDigits: min }).format(value)
  switch (kind) {
    case 'share':
      return `${(value * 100).toFixed(1)}%`
    case 'hours':
    case 'seconds':
      return number(1, 1)
    case 'stars':
    case 'ratio':
      return number(2, 2)
    case 'instant':
      return new Intl.DateTimeFormat(locale, { timeZone: zone, hour12: false, month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' }).format(value)
    default:
      return number(0)
  }
}

/** How a number changed: growth, or the difference of shares; nothing when it cannot be said. */
export function change(now: number | null | undefined, before: number | null | undefined, kind: string): number | undefined {
  if (now === null || now === undefined || before === null || before === undefined || kind === 'instant') return undefined
  if (kind === 'share') return now - before
  return before === 0 ? undefined : now / before - 1
}

export interface Condition {
  id: string
  values: string[]
}

const escape = (text: string) => text.replace(/[\\,;]/g, (sign) => `\\${sign}`)

/** Writes conditions as the server reads them. */
export function writeConditions(conditions: Condition[]): string {
  return conditions.map(({ id, values }) => `${id}:${values.map(escape).join(',')}`).join(';')
}

function split(text: string, at: string): string[] {
  const out: string[] = ['']
  for (let index = 0; index < text.length; index++) {
    const sign = text[index] ?? ''
    if (sign === '\\') {
      out[out.length - 1] += sign + (text[index + 1] ?? '')
      index++
    } else if (sign === at) out.push('')
    else out[out.length - 1] += sign
  }
  return out
}

/** Reads conditions from the address; what is damaged is left out. */
export function readConditions(text: string): Condition[] {
  return split(text, ';')
    .filter((part) => part.includes(':'))
    .map((part) => {
      const at = part.indexOf(':')
      return { id: part.slice(0, at), values: split(part.slice(at + 1), ',').map((value) => value.replace(/\\(.)/g, '$1')) }
    })
}
