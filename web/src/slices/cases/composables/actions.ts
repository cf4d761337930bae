/** What can be done with an order, and which request does it. */
import type { PathFor } from '@/shared/api'
import { isOperation, operationOf, OPERATION_NAMES, type OperationName } from './operations'

export const ACTIONS = [
  'review', 'dispatch', 'accept', 'assign', 'feedback', 'return', 'result_review', 'return_visit', 'close', 'reopen', 'urge', 'note', 'edit',
] as const
export type Action = (typeof ACTIONS)[number]
/** Whatever can be done: with a form of its own, or with a list of fields. */
export type Doing = Action | OperationName

/** The server's words for an action, and those of its routes. */
const ALIASES: Record<string, Action> = {
  acceptance: 'accept', assignment: 'assign', closure: 'close', notes: 'note', 'result-review': 'result_review', 'return-visit': 'return_visit',
  archive: 'close', update: 'edit',
}

export const ACTION_ICONS: Record<Action, string> = {
  review: 'check', dispatch: 'send', accept: 'inbox', assign: 'users', feedback: 'file', return: 'back', result_review: 'check', return_visit: 'phone',
  close: 'check', reopen: 'refresh', urge: 'bell', note: 'note', edit: 'edit',
}

/** Those that bring the order forward; the first of them opens by itself. */
const MAIN: readonly Action[] = ['review', 'dispatch', 'accept', 'feedback', 'result_review', 'return_visit', 'close']

/** Answers and decisions that somebody waits for come first of all. */
const WAITED_FOR: readonly OperationName[] = OPERATION_NAMES.filter((name) => /(^telling|_(decision|ruling|reply|answer|evaluation|report))$/.test(name))
/** So many buttons are shown without asking for more. */
const FEW = 5

/** Known actions of an order in the order of the flow. */
export function actionsOf(allowed: readonly string[] | undefined): Doing[] {
  const names = new Set((allowed ?? []).map((name) => name.replace(/^case\./, '')).map((name) => ALIASES[name] ?? name))
  return [...ACTIONS, ...OPERATION_NAMES].filter((action) => names.has(action))
}

export function mainAction(actions: readonly Doing[]): Doing | undefined {
  return MAIN.find((action) => actions.includes(action)) ?? WAITED_FOR.find((action) => actions.includes(action))
}

/** What is shown at once, and what only when asked for. */
export function grouped(actions: readonly Doing[]): { first: Doing[]; more: Doing[] } {
  const isFirst = (action: Doing) => MAIN.includes(action as Action) || WAITED_FOR.includes(action as OperationName)
  const first = actions.filter(isFirst)
  const rest = actions.filter((action) => !isFirst(action))
  const room = Math.max(FEW - first.length, 0)
  return rest.length <= room + 1 ? { first: [...first, ...rest], more: [] } : { first: [...first, ...rest.slice(0, room)], more: rest.slice(room) }
}

export function iconOf(action: Doing): string {
  return isOperation(action) ? operationOf(action).icon : ACTION_ICONS[action]
}

export interface ActFields {
  decision: string
  opinion: string
  reason: string
  unit_id: string | null
  co_units: string[]
  to: 'unit' | 'person'
  person_id: string | null
  result: string
  contacted: boolean
  without_helpers: boolean
  mode: string
  letter: string
  reached: boolean
  satisfied: number
  comment: string
  text: string
  title: string
  content: string
  address: string
  category_id: string | null
  urgency: string
  type: string
  tier: string
  proposed_unit_id: string
  override_reason: string
}

export function emptyAct(): ActFields {
  return {
    decision: 'pass', opinion: '', reason: '', unit_id: null, co_units: [], to: 'person', person_id: null, result: '', contacted: true, without_helpers: false, mode: 'dispatch', letter: '', reached: true,
    satisfied: 0, comment: '', text: '', title: '', content: '', address: '', category_id: null, urgency: '', type: '', tier: '', proposed_unit_id: '', override_reason: '',
  }
}

/** Text keys of what is missing for an action, by field. */
export function checkAct(action: Action, fields: ActFields): Record<string, string> {
  const wrong: Record<string, string> = {}
  const need = (field: 'opinion' | 'reason' | 'result' | 'text' | 'title' | 'content' | 'comment') => {
    if (!fields[field].trim()) wrong[field] = 'act.need'
  }
  switch (action) {
    case 'review':
    case 'result_review':
      if (fields.decision !== 'pass') need('opinion')
      break
    case 'dispatch':
      if (!fields.unit_id) wrong.unit_id = 'act.need_unit'
      else if (fields.proposed_unit_id && fields.proposed_unit_id !== fields.unit_id && !fields.override_reason.trim()) wrong.override_reason = 'act.need'
      break
    case 'assign':
      if (fields.to === 'unit' && !fields.unit_id) wrong.unit_id = 'act.need_unit'
      if (fields.to === 'person' && !fields.person_id) wrong.person_id = 'act.need_person'
      break
    case 'return':
    case 'reopen':
    case 'close':
      need('reason')
      break
    case 'feedback':
      need('result')
      break
    case 'note':
    case 'urge':
      need('text')
      break
    case 'return_visit':
      if (!fields.reached) need('comment')
      break
    case 'edit':
      need('title')
      need('content')
      break
    default:
  }
  return wrong
}

type To<M extends 'post' | 'delete' | 'patch'> = { method: M; path: PathFor<M>; body: Record<string, unknown> }
export type ActRequest = To<'post'> | To<'delete'> | To<'patch'>
type Noun = 'review' | 'dispatch' | 'acceptance' | 'return' | 'assignment' | 'feedback' | 'result-review' | 'return-visit' | 'closure'

/** The request of an action, guarded by the version that the reader saw. */
export function actRequest(action: Action, fields: ActFields, id: string, version: number, place: object = {}): ActRequest {
  const post = (noun: Noun, body: object): ActRequest => ({ method: 'post', path: `/cases/${id}/${noun}`, body: { version, ...body } })
  const opinion = fields.opinion.trim()
  switch (action) {
    case 'review':
      return post('review', { decision: fields.decision === 'pass' ? 'pass' : 'reject', opinion })
    case 'dispatch':
      return post('dispatch', {
        unit_id: fields.unit_id, opinion, co_units: fields.co_units.filter((unit) => unit !== fields.unit_id), ...(fields.mode === 'dispatch' ? {} : { mode: fields.mode, letter: fields.letter.trim() }), ...(fields.tier ? { tier: fields.tier } : {}),
        ...(fields.proposed_unit_id ? { proposed_unit_id: fields.proposed_unit_id, override_reason: fields.override_reason.trim() } : {}),
      })
    case 'accept':
      return post('acceptance', {})
    case 'return':
      return post('return', { reason: fields.reason.trim() })
    case 'assign':
      return post('assignment', { ...(fields.to === 'unit' ? { unit_id: fields.unit_id } : { person_id: fields.person_id }), opinion })
    case 'feedback':
      return post('feedback', { result: fields.result.trim(), contacted: fields.contacted, ...(fields.without_helpers ? { without_helpers: true } : {}) })
    case 'result_review':
      return post('result-review', { decision: fields.decision === 'pass' ? 'pass' : 'back', opinion })
    case 'return_visit':
      return post('return-visit', {
        reached: fields.reached,
        ...(fields.reached && fields.satisfied ? { satisfied: fields.satisfied } : {}),
        comment: fields.comment.trim(),
      })
    case 'close':
      return post('closure', { reason: fields.reason.trim() })
    case 'reopen':
      return { method: 'delete', path: `/cases/${id}/closure`, body: { version, reason: fields.reason.trim() } }
    case 'note':
      return { method: 'post', path: `/cases/${id}/notes`, body: { text: fields.text.trim() } }
    case 'urge':
      return { method: 'post', path: `/cases/${id}/urge`, body: { text: fields.text.trim() } }
    case 'edit':
      return {
        method: 'patch',
        path: `/cases/${id}`,
        body: {
          version,
          title: fields.title.trim(),
          content: fields.content.trim(),
          place: { ...place, address: fields.address.trim() },
          ...(fields.category_id ? { category_id: fields.category_id } : {}),
          ...(fields.urgency ? { urgency: fields.urgency } : {}),
          ...(fields.type ? { type: fields.type } : {}),
        },
      }
  }
}
