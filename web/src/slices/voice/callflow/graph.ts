/** The graph of a call flow as the editor works on it; `docs/call-flows.md` describes the format. */

export type Props = Record<string, unknown>
export interface FlowNode {
  id: string
  kind: string
  name: string
  x: number
  y: number
  props: Props
  exits: Record<string, string>
}
export interface Flow {
  schema: number
  start: string
  nodes: FlowNode[]
}
export interface Speech {
  prompt?: string
  text?: string
  text_en?: string
}
export interface Finding {
  node?: string | null
  code: string
  severity: 'error' | 'warning'
  zh: string
  en: string
}

export type FieldType =
  | 'speech' | 'number' | 'text' | 'long' | 'bool' | 'keys' | 'key' | 'queue' | 'access' | 'flow' | 'language' | 'method' | 'target' | 'branches' | 'stars' | 'save'
export interface Field {
  key: string
  type: FieldType
  min?: number
  max?: number
}

const say: Field = { key: 'say', type: 'speech' }
const wait: Field = { key: 'timeout_secs', type: 'number', min: 1, max: 60 }
const tries: Field = { key: 'tries', type: 'number', min: 1, max: 10 }

/** What can be set at a node of each kind, in the order of the panel. */
export const FIELDS: Record<string, Field[]> = {
  play: [say, { key: 'barge_in', type: 'bool' }],
  menu: [say, { key: 'keys', type: 'keys' }, { key: 'invalid', type: 'speech' }, tries, wait, { key: 'barge_in', type: 'bool' }, { key: 'repeat_key', type: 'key' }, { key: 'back_key', type: 'key' }],
  digits: [say, { key: 'variable', type: 'text' }, { key: 'min', type: 'number', min: 1, max: 30 }, { key: 'max', type: 'number', min: 1, max: 30 }, { key: 'end_key', type: 'key' }, wait, tries, { key: 'invalid', type: 'speech' }, { key: 'secret', type: 'bool' }],
  condition: [{ key: 'branches', type: 'branches' }],
  queue: [say, { key: 'queue', type: 'queue' }, { key: 'priority', type: 'number', min: 0, max: 9 }, { key: 'choice', type: 'speech' }, { key: 'keys', type: 'keys' }, { key: 'choice_after_secs', type: 'number', min: 0, max: 600 }, { key: 'choice_every_secs', type: 'number', min: 0, max: 600 }, { key: 'overflow_secs', type: 'number', min: 0, max: 7200 }, { key: 'leave_when_nobody', type: 'bool' }],
  transfer: [{ key: 'to', type: 'target' }, say, { key: 'ring_secs', type: 'number', min: 5, max: 120 }],
  voicemail: [say, { key: 'mailbox', type: 'text' }, { key: 'max_secs', type: 'number', min: 5, max: 600 }, { key: 'silence_secs', type: 'number', min: 0, max: 60 }, { key: 'end_key', type: 'key' }],
  messages: [{ key: 'number', type: 'text' }, { key: 'pin', type: 'text' }, { key: 'mailbox', type: 'text' }],
  order: [{ key: 'number', type: 'text' }, { key: 'code', type: 'text' }],
  password: [{ key: 'variable', type: 'text' }, { key: 'access', type: 'access' }],
  survey: [say, { key: 'stars', type: 'stars' }, { key: 'thanks', type: 'speech' }, wait, { key: 'tries', type: 'number', min: 1, max: 5 }],
  language: [{ key: 'language', type: 'language' }],
  set: [{ key: 'variable', type: 'text' }, { key: 'value', type: 'text' }],
  http: [{ key: 'method', type: 'method' }, { key: 'url', type: 'text' }, { key: 'body', type: 'long' }, { key: 'timeout_secs', type: 'number', min: 1, max: 10 }, { key: 'save', type: 'save' }],
  subflow: [{ key: 'flow', type: 'flow' }],
  robot: [say, { key: 'unheard', type: 'speech' }, { key: 'agent_key', type: 'key' }, { key: 'patience_secs', type: 'number', min: 2, max: 30 }, { key: 'pause_ms', type: 'number', min: 400, max: 5000 }, { key: 'longest_secs', type: 'number', min: 3, max: 60 }, { key: 'turns', type: 'number', min: 1, max: 50 }],
  callback: [say, { key: 'variable', type: 'text' }, { key: 'queue', type: 'queue' }],
  return: [],
  hang_up: [say],
}

/** What a new node of each kind begins with; the rest are the server's defaults, written out so that they can be seen. */
const BEGIN: Record<string, Props> = {
  menu: { keys: ['1', '2'], tries: 3, timeout_secs: 6, barge_in: true },
  digits: { variable: 'number', min: 1, max: 20, end_key: '#', timeout_secs: 8, tries: 3 },
  condition: { branches: [{ exit: '工作时间', test: { kind: 'hours', table: 'main' } }] },
  queue: { choice_after_secs: 20, choice_every_secs: 60, overflow_secs: 0, keys: [] },
  transfer: { to: { kind: 'number', number: '' }, ring_secs: 30 },
  voicemail: { max_secs: 120, silence_secs: 6, end_key: '#', say: { prompt: 'leave_message' } },
  messages: { number: 'number', pin: 'pin' },
  order: { number: 'number', code: 'code' },
  survey: { stars: { 1: 5, 2: 4, 3: 3, 4: 2, 5: 1 }, timeout_secs: 8, tries: 2, say: { prompt: 'survey' }, thanks: { prompt: 'thanks' } },
  language: { language: 'en' },
  robot: {
    say: { text: '您好，我是智能客服，请直接说出您的问题；需要人工服务请按0。', text_en: 'Hello, this is the robot. Please say what you need, or press 0 for a person.' },
    unheard: { text: '抱歉，我没有听清，请您再说一遍。', text_en: 'Sorry, I did not hear you. Please say it again.' },
    agent_key: '0', patience_secs: 6, pause_ms: 1200, longest_secs: 20, turns: 12,
  },
  http: { method: 'GET', timeout_secs: 3 },
  hang_up: { say: { prompt: 'goodbye' } },
}
export const KINDS = Object.keys(FIELDS)

/** The exits of a node, as the server knows them. */
export function exitsOf(node: FlowNode): string[] {
  const keys = (node.props.keys as string[] | undefined) ?? []
  switch (node.kind) {
    case 'menu':
      return [...keys, 'timeout', 'invalid']
    case 'digits':
      return ['next', 'timeout']
    case 'condition': {
      const branches = ((node.props.branches as { exit: string }[] | undefined) ?? []).map((branch) => branch.exit)
      return [...new Set(branches), 'else']
    }
    case 'queue':
      return [...keys, ...(Number(node.props.overflow_secs) > 0 ? ['timeout'] : []), ...(node.props.leave_when_nobody ? ['nobody'] : []), 'refused', 'next']
    case 'transfer':
      return ['failed', 'next']
    case 'messages':
      return ['wrong', 'next']
    case 'order':
      return ['found', 'unknown']
    case 'password':
      return ['ok', 'wrong']
    case 'http':
      return ['ok', 'failed']
    case 'robot':
      return ['next', 'agent', 'failed']
    case 'callback':
      return ['next', 'refused']
    case 'return':
    case 'hang_up':
      return []
    default:
      return ['next']
  }
}

/** Makes a node with an id that no other has. */
export function newNode(flow: Flow, kind: string, x: number, y: number): FlowNode {
  let no = flow.nodes.length + 1
  while (flow.nodes.some((node) => node.id === `${kind}_${no}`)) no += 1
  return { id: `${kind}_${no}`, kind, name: '', x, y, props: structuredClone(BEGIN[kind] ?? {}), exits: {} }
}

export function copy<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T
}

/** Drops connections of exits that a node no longer has, and those to nodes that are gone. */
export function tidy(flow: Flow): void {
  const ids = new Set(flow.nodes.map((node) => node.id))
  for (const node of flow.nodes) {
    const exits = exitsOf(node)
    for (const [exit, target] of Object.entries(node.exits)) if (!exits.includes(exit) || !ids.has(target)) delete node.exits[exit]
  }
  if (!ids.has(flow.start)) flow.start = flow.nodes[0]?.id ?? ''
}

export interface Difference {
  kind: 'added' | 'removed' | 'changed'
  id: string
  name: string
  /** What was and what is, as text. */
  before: string
  after: string
}

/** Compares two graphs node by node; where nodes stand does not count. */
export function compare(before: Flow, after: Flow): Difference[] {
  const text = (node?: FlowNode) => (node ? JSON.stringify({ kind: node.kind, name: node.name, props: node.props, exits: node.exits }, null, 1) : '')
  const found: Difference[] = []
  for (const id of new Set([...before.nodes, ...after.nodes].map((node) => node.id))) {
    const [old, now] = [before.nodes.find((node) => node.id === id), after.nodes.find((node) => node.id === id)]
    if (text(old) === text(now)) continue
    found.push({ kind: !old ? 'added' : !now ? 'removed' : 'changed', id, name: now?.name || old?.name || id, before: text(old), after: text(now) })
  }
  return found
}
