import type { Parameter } from '@/shared/entities/identity'

export type ParameterKind = 'bool' | 'integer' | 'number' | 'text' | 'json'

/** What a parameter holds: as the server says, or as its value shows. */
export function kindOf(one: Pick<Parameter, 'kind' | 'value'>): ParameterKind {
  const said = one.kind ?? ''
  if (/bool/.test(said) || typeof one.value === 'boolean') return 'bool'
  if (/int|days|secs|count|minutes/.test(said)) return 'integer'
  if (/float|number|rate|percent/.test(said)) return 'number'
  if (typeof one.value === 'number') return Number.isInteger(one.value) ? 'integer' : 'number'
  if (typeof one.value === 'string' || one.value === null) return 'text'
  return 'json'
}

export function showValue(value: unknown): string {
  return typeof value === 'string' ? value : value === null || value === undefined ? '' : JSON.stringify(value)
}

/** The typed text as a value of the kind; `undefined` when it is none. */
export function parseValue(kind: ParameterKind, text: string): unknown {
  if (kind === 'text') return text
  if (kind === 'bool') return text === 'true'
  if (kind === 'json') {
    try {
      return JSON.parse(text) as unknown
    } catch {
      return undefined
    }
  }
  const number = Number(text)
  if (text.trim() === '' || !Number.isFinite(number) || (kind === 'integer' && !Number.isInteger(number))) return undefined
  return number
}
