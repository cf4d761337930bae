/** Operations whose form is a list of fields: what they ask for, where they go, what the reader is told before. */
import type { paths } from '@/api/schema'
import { hasAddress, REPLY_WAYS } from '@/shared/entities/reply'

type Noun = { [P in keyof paths]: P extends `/cases/{id}/${infer N}` ? (paths[P]['post'] extends object ? N : never) : never }[keyof paths]

interface Plain {
  name: string
  must?: boolean
  /** Shown and sent only while this says so. */
  when?: (values: Values) => boolean
}
export type Field = Plain &
  (
    | { kind: 'area' | 'line' }
    | { kind: 'number'; min: number; max: number }
    | { kind: 'unit' | 'units' | 'people' | 'check' | 'order' }
    /** Matters that become orders of their own. */
    | { kind: 'parts' }
    | { kind: 'words'; list: string }
    | { kind: 'choice'; options: readonly string[] }
    /** Yes or no, sent as a truth value. */
    | { kind: 'verdict' }
  )
export interface Part {
  title: string
  content: string
}
export type Value = string | number | boolean | string[] | Part[] | null
export type Values = Record<string, Value>

export interface Operation {
  noun: Noun
  icon: string
  /** Asks again before it is sent, saying what will happen. */
  confirm?: boolean
  fields: readonly Field[]
}

const reason: Field = { name: 'reason', kind: 'area', must: true }
const opinion: Field = { name: 'opinion', kind: 'area' }
const decision = (noun: Noun, extra: readonly Field[] = []): Operation => ({
  noun,
  icon: 'check',
  fields: [{ name: 'approve', kind: 'verdict' }, ...extra, opinion],
})

const answer = (noun: Noun): Operation => ({ noun, icon: 'note', fields: [{ name: 'text', kind: 'area', must: true }] })

export const OPERATIONS = {
  extension_decision: decision('extension/decision'),
  objection_decision: decision('objection/decision', [{ name: 'unit_id', kind: 'unit', when: (values) => values.approve === true }]),
  objection_ruling: decision('objection/ruling', [{ name: 'unit_id', kind: 'unit', when: (values) => values.approve === true }]),
  redo_decision: decision('redo/decision'),
  reconsideration_decision: decision('reconsideration/decision'),
  strike_out_decision: decision('strike-out/decision'),
  co_handling_answer: answer('co-handling/answer'),
  summons_report: { noun: 'summons/report', icon: 'flag', fields: [{ name: 'text', kind: 'line' }] },
  summons_answer: answer('summons/answer'),
  delegation_answer: answer('delegation/answer'),
  countersignature_answer: { noun: 'countersignature/answer', icon: 'edit', fields: [{ name: 'agree', kind: 'verdict' }, opinion] },
  supervision_reply: { noun: 'supervision/reply', icon: 'note', fields: [{ name: 'text', kind: 'area', must: true }] },
  supervision_evaluation: { noun: 'supervision/evaluation', icon: 'star', fields: [{ name: 'good', kind: 'verdict' }, opinion] },
  telling: { noun: 'telling', icon: 'phone', fields: [{ name: 'told', kind: 'verdict' }, { name: 'note', kind: 'area' }, { name: 'give_up', kind: 'check', when: (values) => values.told === false }] },
  extension: { noun: 'extension', icon: 'clock', fields: [{ name: 'days', kind: 'number', min: 1, max: 30, must: true }, reason] },
  objection: {
    noun: 'objection',
    icon: 'flag',
    fields: [reason, { name: 'evidence', kind: 'area' }, { name: 'unit_id', kind: 'unit' }],
  },
  supervision: { noun: 'supervision', icon: 'alert', fields: [{ name: 'opinion', kind: 'area', must: true }, { name: 'days', kind: 'number', min: 1, max: 30 }] },
  self_handling: { noun: 'self-handling', icon: 'check', fields: [{ name: 'result', kind: 'area', must: true }] },
  instruction: { noun: 'instruction', icon: 'edit', fields: [{ name: 'text', kind: 'area', must: true }, { name: 'days', kind: 'number', min: 1, max: 30 }] },
  delegation: { noun: 'delegation', icon: 'users', fields: [{ name: 'people', kind: 'people', must: true }, { name: 'text', kind: 'area', must: true }] },
  summons: { noun: 'summons', icon: 'bell', fields: [{ name: 'unit_ids', kind: 'units', must: true }, { name: 'text', kind: 'area', must: true }] },
  co_handling: { noun: 'co-handling', icon: 'users', fields: [{ name: 'unit_ids', kind: 'units', must: true }, { name: 'text', kind: 'area', must: true }] },
  countersignature: {
    noun: 'countersignature',
    icon: 'edit',
    fields: [{ name: 'people', kind: 'people', must: true }, { name: 'rule', kind: 'choice', options: ['all', 'any', 'majority'] }, { name: 'text', kind: 'area', must: true }],
  },
  signers: { noun: 'countersignature/signers', icon: 'users', fields: [{ name: 'add', kind: 'people' }, { name: 'remove', kind: 'people' }] },
  transfer: { noun: 'transfer', icon: 'send', confirm: true, fields: [{ name: 'unit_id', kind: 'unit', must: true }, reason] },
  recall: { noun: 'recall', icon: 'back', fields: [reason] },
  reply: {
    noun: 'reply',
    icon: 'phone',
    fields: [{ name: 'way', kind: 'choice', options: REPLY_WAYS }, { name: 'to', kind: 'line', when: (values) => hasAddress(String(values.way)) }],
  },
  redo: { noun: 'redo', icon: 'refresh', fields: [reason] },
  strike_out: { noun: 'strike-out', icon: 'x', fields: [reason] },
  praise: { noun: 'praise', icon: 'star', fields: [{ name: 'text', kind: 'area', must: true }] },
  merger: { noun: 'merger', icon: 'inbox', confirm: true, fields: [{ name: 'main', kind: 'order', must: true }, reason] },
  unmerger: { noun: 'unmerger', icon: 'back', confirm: true, fields: [reason] },
  split: { noun: 'split', icon: 'file', confirm: true, fields: [{ name: 'parts', kind: 'parts', must: true }] },
  jump: {
    noun: 'jump',
    icon: 'send',
    confirm: true,
    fields: [{ name: 'step', kind: 'choice', options: ['dispatch', 'review', 'acceptance', 'handling', 'result_review', 'return_visit', 'closure'] }, reason],
  },
  non_acceptance: {
    noun: 'non-acceptance',
    icon: 'x',
    confirm: true,
    fields: [{ name: 'ground', kind: 'words', list: 'non_acceptance_ground', must: true }, reason],
  },
  voiding: { noun: 'voiding', icon: 'x', confirm: true, fields: [{ name: 'ground', kind: 'words', list: 'void_ground', must: true }, reason] },
  restoration: { noun: 'restoration', icon: 'refresh', confirm: true, fields: [reason] },
} as const satisfies Record<string, Operation>

export type OperationName = keyof typeof OPERATIONS
export const OPERATION_NAMES = Object.keys(OPERATIONS) as OperationName[]

export function isOperation(name: string): name is OperationName {
  return name in OPERATIONS
}
export function operationOf(name: OperationName): Operation {
  return OPERATIONS[name]
}

/** What a form starts with. */
export function emptyValues(operation: Operation): Values {
  return Object.fromEntries(
    operation.fields.map((field): [string, Value] => {
      if (field.kind === 'verdict') return [field.name, true]
      if (field.kind === 'check') return [field.name, false]
      if (field.kind === 'units' || field.kind === 'people') return [field.name, []]
      if (field.kind === 'parts') return [field.name, [{ title: '', content: '' }]]
      if (field.kind === 'choice') return [field.name, field.options[0] ?? '']
      if (field.kind === 'number') return [field.name, field.must ? field.min : null]
      return [field.name, '']
    }),
  )
}

const isEmpty = (value: Value | undefined) => value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0) || (typeof value === 'string' && !value.trim())

/** The fields that are on screen now. */
export function shownFields(operation: Operation, values: Values): readonly Field[] {
  return operation.fields.filter((field) => !field.when || field.when(values))
}

/** Text keys of what is missing, by field. */
export function checkValues(operation: Operation, values: Values): Record<string, string> {
  const wrong: Record<string, string> = {}
  for (const field of shownFields(operation, values)) {
    // Who says no says why.
    const says = ['opinion', 'note'].includes(field.name) && operation.fields.some((other) => other.kind === 'verdict' && values[other.name] === false)
    if ((field.must || says) && isEmpty(values[field.name])) wrong[field.name] = 'act.need'
  }
  return wrong
}

/** What is sent: trimmed, and nothing that was left empty. */
export function bodyOf(operation: Operation, values: Values): Record<string, Value> {
  const body: Record<string, Value> = {}
  for (const field of shownFields(operation, values)) {
    const value = values[field.name]
    if (value === undefined || isEmpty(value)) continue
    body[field.name] = typeof value === 'string' ? value.trim() : value
  }
  return body
}
