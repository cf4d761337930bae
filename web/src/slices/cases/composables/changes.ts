import { nameOf, type Case } from '@/shared/entities/cases'

export interface Change {
  /** Text key of the field's name. */
  field: string
  from: string
  to: string
}

/** What differs between the order as the reader saw it and as it is now. */
export function whatChanged(before: Case, after: Case): Change[] {
  const read: [string, (order: Case) => string][] = [
    ['case.status', (order) => order.status_name ?? order.status],
    ['case.unit', (order) => nameOf(order.unit)],
    ['case.subject', (order) => order.title],
    ['case.content', (order) => order.content],
    ['common.category', (order) => nameOf(order.category)],
    ['urgency.label', (order) => order.urgency],
    ['case.place', (order) => order.place?.address ?? ''],
    ['case.tasks', (order) => (order.tasks ?? []).map((task) => task.step_name).join('、')],
  ]
  return read
    .map(([field, value]) => ({ field, from: value(before), to: value(after) }))
    .filter((change) => change.from !== change.to)
}
