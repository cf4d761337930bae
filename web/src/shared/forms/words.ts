/** Answers in words, for reading. */
import { choices, words, type Answers, type Field } from './schema'

function called(field: Field, value: string, english: boolean, names: Record<string, string>): string {
  if (field.options?.from === 'list') return choices(field.options.list, english).find((one) => one.value === value)?.label ?? value
  return names[value] ?? (field.options || ['person', 'group', 'unit', 'relation'].includes(field.type) ? '' : value)
}

/** Says an answer in one text; rich texts, tables, opinions and files are shown otherwise. */
export function inWords(field: Field, value: unknown, english: boolean, names: Record<string, string>): string {
  if (value === undefined || value === null) return ''
  if (typeof value === 'boolean') return value ? (english ? 'Yes' : '是') : english ? 'No' : '否'
  if (typeof value === 'number') return `${value}${words(field.suffix, english)}`
  if (typeof value === 'string') return called(field, value, english, names)
  if (Array.isArray(value)) {
    return value
      .map((one: unknown) => (typeof one === 'string' ? called(field, one, english, names) : ''))
      .filter(Boolean)
      .join(english ? ', ' : '、')
  }
  return ''
}

export type Row = Answers
