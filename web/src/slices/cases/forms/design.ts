/** What the designer does to a form: plain functions over the schema, so that each step can be undone. */
import { COLUMN_TYPES, FIELD_TYPES, OPTION_TYPES, flat, type Field, type FieldType, type FormSchema } from '@/shared/forms/schema'

/** The palette, in groups. */
export const PALETTE: { group: string; types: FieldType[] }[] = [
  { group: 'basic', types: ['line', 'text', 'number', 'phone', 'date', 'month', 'time', 'rich', 'edit'] },
  { group: 'choice', types: ['tick', 'radio', 'checks', 'select', 'tree'] },
  { group: 'office', types: ['person', 'group', 'unit', 'approval', 'relation', 'query'] },
  { group: 'structure', types: ['table', 'border', 'upload', 'hidden'] },
]

export function emptyForm(title: string): FormSchema {
  return { format: 1, title: { zh: title }, fields: [] }
}

/** Where a field stands: in the form, or in a frame or sub-table by its key. */
export interface Place { parent?: string; at: number }

export function listOf(form: FormSchema, parent?: string): Field[] {
  if (!parent) return form.fields
  return form.fields.find((field) => field.key === parent)?.fields ?? []
}
function withList(form: FormSchema, parent: string | undefined, list: Field[]): FormSchema {
  if (!parent) return { ...form, fields: list }
  return { ...form, fields: form.fields.map((field) => (field.key === parent ? { ...field, fields: list } : field)) }
}
export function find(form: FormSchema, key: string, parent?: string): Field | undefined {
  return listOf(form, parent).find((field) => field.key === key)
}

/** Whether a type can stand inside a field. */
export function fits(type: FieldType, parent?: Field): boolean {
  if (!parent) return true
  return parent.type === 'table' ? COLUMN_TYPES.includes(type) : parent.type === 'border' && type !== 'border'
}

function freshKey(form: FormSchema, type: FieldType, parent?: Field): string {
  const taken = new Set(parent?.type === 'table' ? (parent.fields ?? []).map((field) => field.key) : [...form.fields, ...flat(form.fields)].map((field) => field.key))
  let count = 1
  while (taken.has(`${type}_${count}`)) count += 1
  return `${type}_${count}`
}

/** A new field of a type, with what it needs to be one. */
export function fresh(form: FormSchema, type: FieldType, label: string, parent?: Field): Field {
  const field: Field = { key: freshKey(form, type, parent), type, label: { zh: label } }
  if (OPTION_TYPES.includes(type)) field.options = { from: 'list', list: [{ value: 'a', label: { zh: '选项一', en: 'One' } }, { value: 'b', label: { zh: '选项二', en: 'Two' } }] }
  if (type === 'table') field.fields = [{ key: 'line_1', type: 'line', label: { zh: '列一', en: 'Column' } }]
  if (type === 'border') field.fields = []
  if (type === 'query') field.query = { same_category: true, days: 90 }
  if (type === 'approval') field.access = { result_review: 'edit' }
  return field
}

export function insert(form: FormSchema, field: Field, place: Place): FormSchema {
  const list = [...listOf(form, place.parent)]
  list.splice(place.at, 0, field)
  return withList(form, place.parent, list)
}
export function remove(form: FormSchema, key: string, parent?: string): FormSchema {
  const next = withList(form, parent, listOf(form, parent).filter((field) => field.key !== key))
  return parent ? next : withPhone(next, (keys) => keys.filter((one) => one !== key))
}
/** Moves a field to another place; nothing changes when it does not fit there. */
export function move(form: FormSchema, key: string, from: string | undefined, to: Place): FormSchema {
  const field = find(form, key, from)
  const parent = to.parent ? form.fields.find((one) => one.key === to.parent) : undefined
  if (!field || to.parent === key || !fits(field.type, parent) || (parent?.type === 'table') !== (from !== undefined && form.fields.find((one) => one.key === from)?.type === 'table')) return form
  const before = listOf(form, from).findIndex((one) => one.key === key)
  const same = from === to.parent
  const without = withList(form, from, listOf(form, from).filter((one) => one.key !== key))
  return insert(without, field, { parent: to.parent, at: same && before < to.at ? to.at - 1 : to.at })
}
export function change(form: FormSchema, key: string, parent: string | undefined, to: Partial<Field>): FormSchema {
  const tidy = (field: Field): Field => {
    const next = { ...field, ...to } as Record<string, unknown>
    for (const [name, value] of Object.entries(next)) if (value === undefined || value === '' || value === false || value === null) delete next[name]
    return next as unknown as Field
  }
  const next = withList(form, parent, listOf(form, parent).map((field) => (field.key === key ? tidy(field) : field)))
  return to.key && !parent ? withPhone(next, (keys) => keys.map((one) => (one === key ? (to.key ?? one) : one))) : next
}

function withPhone(form: FormSchema, each: (keys: string[]) => string[]): FormSchema {
  const [order, hidden] = [each(form.phone?.order ?? []), each(form.phone?.hidden ?? [])]
  const next = { ...form }
  delete next.phone
  if (order.length || hidden.length) next.phone = { ...(order.length ? { order } : {}), ...(hidden.length ? { hidden } : {}) }
  return next
}
/** Shows a field on a phone, or not. */
export function showOnPhone(form: FormSchema, key: string, yes: boolean): FormSchema {
  const hidden = (form.phone?.hidden ?? []).filter((one) => one !== key)
  return withPhone({ ...form, phone: { ...form.phone, hidden: yes ? hidden : [...hidden, key] } }, (keys) => keys)
}
/** Moves a field up or down in the phone's own order. */
export function moveOnPhone(form: FormSchema, key: string, step: number): FormSchema {
  const known = form.phone?.order ?? []
  const order = [...known.filter((one) => form.fields.some((field) => field.key === one)), ...form.fields.map((field) => field.key).filter((one) => !known.includes(one))]
  const at = order.indexOf(key)
  const to = at + step
  if (at < 0 || to < 0 || to >= order.length) return form
  order.splice(at, 1)
  order.splice(to, 0, key)
  return withPhone({ ...form, phone: { ...form.phone, order } }, (keys) => keys)
}

/** Whether a text is a form as this designer writes them; what is wrong inside is said by the server. */
export function readForm(text: string): FormSchema | null {
  try {
    const form = JSON.parse(text) as FormSchema
    const known = (field: Field): boolean => typeof field?.key === 'string' && FIELD_TYPES.includes(field.type) && (field.fields ?? []).every(known)
    return form?.format === 1 && Array.isArray(form.fields) && form.fields.every(known) ? form : null
  } catch {
    return null
  }
}

/** The past and future of a form. */
export class History {
  private past: string[] = []
  private future: string[] = []
  private mark = ''

  /** Notes what was before a change; changes of one property while typing are one step. */
  note(before: FormSchema, mark = ''): void {
    if (!mark || mark !== this.mark) this.past = [...this.past.slice(-99), JSON.stringify(before)]
    this.mark = mark
    this.future = []
  }
  undo(now: FormSchema): FormSchema | null {
    const found = this.past.pop()
    if (found === undefined) return null
    this.future.push(JSON.stringify(now))
    this.mark = ''
    return JSON.parse(found) as FormSchema
  }
  redo(now: FormSchema): FormSchema | null {
    const found = this.future.pop()
    if (found === undefined) return null
    this.past.push(JSON.stringify(now))
    this.mark = ''
    return JSON.parse(found) as FormSchema
  }
  get canUndo(): boolean { return this.past.length > 0 }
  get canRedo(): boolean { return this.future.length > 0 }
}
