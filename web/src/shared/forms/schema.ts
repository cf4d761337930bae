/** The schema of a form, as the server stores and checks it. */

export interface Label { zh?: string; en?: string }

export const FIELD_TYPES = [
  'line', 'text', 'tick', 'radio', 'checks', 'select', 'date', 'month', 'time', 'phone', 'number', 'rich', 'person', 'group', 'unit',
  'table', 'tree', 'upload', 'edit', 'hidden', 'approval', 'border', 'relation', 'query',
] as const
export type FieldType = (typeof FIELD_TYPES)[number]

/** Types that can be a column of a sub-table. */
export const COLUMN_TYPES: readonly FieldType[] = ['line', 'text', 'tick', 'radio', 'checks', 'select', 'date', 'month', 'time', 'phone', 'number', 'person', 'unit', 'tree']
export const OPTION_TYPES: readonly FieldType[] = ['radio', 'checks', 'select', 'tree']

/** The nodes at which a field can be seen and filled in, in the order of an order's life. */
export const NODES = ['create', 'citizen', 'review', 'amendment', 'dispatch', 'acceptance', 'handling', 'result_review', 'return_visit', 'closure', 'view'] as const
export type Node = (typeof NODES)[number]
export const MAYS = ['hidden', 'read', 'edit', 'must'] as const
export type May = (typeof MAYS)[number]

export interface Choice { value: string; label?: Label; children?: Choice[] }
export type Options =
  | { from: 'list'; list: Choice[] }
  | { from: 'dictionary'; name: string }
  | { from: 'categories' | 'units' | 'people' }
export interface OrderQuery { text_from?: string; same_category?: boolean; same_district?: boolean; days?: number }
export interface RoleRule { role: string; node?: string; may: May }

export interface Field {
  key: string
  type: FieldType
  label?: Label
  hint?: Label
  required?: boolean
  computed?: boolean
  default?: unknown
  min?: number
  max?: number
  earliest?: string
  latest?: string
  pattern?: string
  decimals?: number
  suffix?: Label
  several?: boolean
  options?: Options
  fields?: Field[]
  template?: Label
  query?: OrderQuery
  span?: number
  access?: Partial<Record<Node, May>>
  roles?: RoleRule[]
}

export interface FormSchema {
  format: 1
  title?: Label
  fields: Field[]
  phone?: { order?: string[]; hidden?: string[] }
  script?: string
}

export type Answers = Record<string, unknown>

/** What the rules of a script said. */
export interface Effects {
  values: Answers
  hidden: string[]
  required: Record<string, boolean>
  locked: string[]
  options: Record<string, string[]>
  failures: [key: string, zh: string, en: string][]
}

export function words(label: Label | undefined, english: boolean): string {
  return (english && label?.en) || label?.zh || label?.en || ''
}

/** All fields but frames, with those inside frames. */
export function flat(fields: readonly Field[]): Field[] {
  return fields.flatMap((field) => (field.type === 'border' ? (field.fields ?? []) : [field]))
}

/** The fields in the order of a phone, without those that it does not show. */
export function phoneFields(form: FormSchema): Field[] {
  const order = form.phone?.order ?? []
  const hidden = new Set(form.phone?.hidden ?? [])
  const place = (field: Field, at: number) => (order.includes(field.key) ? order.indexOf(field.key) : order.length + at)
  return form.fields
    .map((field, at) => ({ field, at: place(field, at) }))
    .filter(({ field }) => !hidden.has(field.key))
    .sort((a, b) => a.at - b.at)
    .map(({ field }) => field)
}

export function isBlank(value: unknown): boolean {
  if (value === undefined || value === null) return true
  if (typeof value === 'string') return value.trim() === ''
  if (Array.isArray(value)) return value.length === 0
  return typeof value === 'object' && Object.keys(value).length === 0
}

/** How many of three columns a field takes where it says nothing. */
export function spanOf(field: Field): number {
  return field.span ?? (['text', 'rich', 'table', 'border', 'edit', 'upload', 'approval', 'query'].includes(field.type) ? 3 : 1)
}

/** A choice in a flat list, with the names above it. */
export interface Chosen { value: string; label: string; depth: number; path: string; leaf: boolean }

export function choices(list: readonly Choice[], english: boolean, depth = 0, above: string[] = []): Chosen[] {
  return list.flatMap((choice) => {
    const label = words(choice.label, english) || choice.value
    const path = [...above, label]
    return [{ value: choice.value, label, depth, path: path.join(' / '), leaf: !choice.children?.length }, ...choices(choice.children ?? [], english, depth + 1, path)]
  })
}

/** Fills the template of an editable text with answers. */
export function filledTemplate(template: string, answers: Answers, say: (key: string) => string): string {
  return template.replace(/\{\{\s*([a-z][a-z0-9_]*)\s*\}\}/g, (_, key: string) => (isBlank(answers[key]) ? '' : say(key)))
}

/** What is missing or plainly wrong, by key: a text key with its values. The server looks at everything. */
export function check(form: FormSchema, answers: Answers, editable: readonly string[], required: readonly string[], effects?: Effects): Record<string, [key: string, values?: Record<string, unknown>]> {
  const wrong: Record<string, [string, Record<string, unknown>?]> = {}
  for (const field of flat(form.fields)) {
    const key = field.key
    if (!editable.includes(key) || effects?.hidden.includes(key) || effects?.locked.includes(key)) continue
    const value = answers[key]
    const must = effects?.required[key] ?? required.includes(key)
    if (isBlank(value) || (field.type === 'tick' && value !== true)) {
      if (must) wrong[key] = ['forms.need']
      continue
    }
    const [min, max] = [field.min ?? -Infinity, field.max ?? Infinity]
    if (field.type === 'number' && typeof value === 'number') {
      if (value < min) wrong[key] = ['forms.at_least', { n: min }]
      else if (value > max) wrong[key] = ['forms.at_most', { n: max }]
    } else if (typeof value === 'string' && ['line', 'text', 'edit'].includes(field.type)) {
      const length = [...value].length
      if (length < min) wrong[key] = ['forms.longer', { n: min }]
      else if (length > max) wrong[key] = ['forms.shorter', { n: max }]
    }
    if (field.type === 'phone' && !/^(?=(?:\D*\d){3,20}\D*$)[\d+\-() ]+$/.test(String(value))) wrong[key] = ['forms.phone']
    if (field.type === 'table' && Array.isArray(value)) {
      const gap = value.some((row: Answers) => field.fields?.some((column) => column.required && isBlank(row[column.key])))
      if (gap) wrong[key] = ['forms.need_cells']
    }
  }
  return wrong
}
