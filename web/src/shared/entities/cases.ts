/** Work orders, their tasks, and the tree they are classified by. */

export const CASE_TYPES = ['consult', 'complaint', 'report', 'help', 'suggestion', 'repair', 'praise', 'other'] as const
export type CaseType = (typeof CASE_TYPES)[number]
export const CASE_STATUSES = [
  'draft_logged', 'assigned', 'in_progress', 'handled', 'approved', 'returned', 'closed_at_once', 'archived',
] as const
export const URGENCIES = ['normal', 'urgent', 'critical'] as const
export const CASE_SOURCES = ['phone', 'portal', 'staff'] as const
export type Color = 'green' | 'yellow' | 'red' | null

export interface Named {
  id: string
  name: string
}

export interface Task {
  id: string
  case_id: string
  case_number?: string
  case_title?: string
  step: string
  step_name: string
  unit?: Named | null
  assignee?: Named | null
  created_at: number
  due_at?: number | null
  color?: Color
  actions?: string[]
  urgency?: string
  case_type?: string
  state?: string
}

export interface Rating {
  id: string
  stars: number
  comment?: string
  given_at: number
  case_id?: string
  case_number?: string
  case_title?: string
  state?: string
  source?: string
  unit?: Named | null
  opinion?: string | null
}

export interface Case {
  id: string
  number: string
  query_code?: string
  type: CaseType
  type_name?: string
  category?: { id: string; name: string; path?: string | string[] } | null
  title: string
  content: string
  contact?: { id?: string | null; name?: string; gender?: string | null; phone_masked?: string | null; phone?: string | null; hidden?: boolean } | null
  place?: { district?: string | null; address?: string | null; lng?: number | null; lat?: number | null } | null
  source: string
  urgency: string
  confidential: boolean
  status: string
  status_name?: string
  stage?: string
  unit?: Named | null
  created_by?: Named | null
  created_at: number
  due_at?: number | null
  closed_at?: number | null
  color?: Color
  version: number
  recordings?: { id: string; call_id?: string; duration_ms?: number; started_at?: number }[]
  tasks?: Task[]
  rating?: number | null
  co_units?: Named[]
  assignee?: Named | null
  allowed?: string[]
  preliminary_opinion?: string | null
  answer?: string | null
}

/** An order as lists show it. */
export interface CaseItem {
  id: string
  number: string
  type: string
  type_name?: string
  category_name?: string | null
  title: string
  contact_name?: string
  confidential: boolean
  district?: string | null
  address?: string | null
  source: string
  urgency: string
  status: string
  status_name?: string
  unit?: Named | null
  created_by_name?: string
  created_at: number
  due_at?: number | null
  color?: Color
  rating?: number | null
  version: number
}

export interface CaseDraft {
  type: string
  category_id: string | null
  title: string
  content: string
  contact: { id?: string; name: string; phone?: string; gender?: string }
  confidential: boolean
  place: { district?: string; address?: string }
  call_id?: string
  preliminary_opinion?: string
  answered_at_once: boolean
  answer?: string
  urgency: string
}

export interface Category {
  id: string
  parent_id?: string | null
  name: string
  code?: string
  type?: string | null
  unit_code?: string | null
  active?: boolean
  ordinal?: number
  version?: number
  children?: Category[]
}

export interface TimelineEntry {
  at: number
  kind: string
  title: string
  actor?: string | Named | null
  unit?: string | Named | null
  detail?: unknown
}

export interface Deadline {
  name: string
  title?: string
  days?: number
  start_at: number
  due_at: number
  state: string
  /** Each line counts a stretch of days, `YYYY-MM-DD`. */
  explain: { text: string; from?: string; to?: string }[]
}

export interface TaskSummary {
  total: number
  by_step?: { step: string; name: string; count: number }[]
  green?: number
  yellow?: number
  red?: number
  today_due?: number
}

/** A tree as rows in order, each with its depth and the names above it. */
export interface TreeRow {
  id: string
  name: string
  depth: number
  path: string
  leaf: boolean
}

/** Flattens nested children, or rows that name their parent, in tree order. */
export function treeRows<T extends { id: string; name: string; parent_id?: string | null; children?: T[]; active?: boolean }>(
  nodes: readonly T[],
): (TreeRow & { node: T })[] {
  const ids = new Set(nodes.map((node) => node.id))
  const nested = nodes.some((node) => node.children?.length)
  const rows: (TreeRow & { node: T })[] = []
  const childrenOf = (node: T) => (nested ? (node.children ?? []) : nodes.filter((other) => other.parent_id === node.id))
  const walk = (node: T, depth: number, above: string[]) => {
    const children = childrenOf(node)
    const path = [...above, node.name]
    rows.push({ id: node.id, name: node.name, depth, path: path.join(' / '), leaf: children.length === 0, node })
    for (const child of children) walk(child, depth + 1, path)
  }
  for (const node of nodes) {
    if (nested || !node.parent_id || !ids.has(node.parent_id)) walk(node, 0, [])
  }
  return rows
}

/** Nothing is due any more. */
export function isOver(status: string): boolean {
  return status === 'archived' || status === 'closed_at_once'
}

export function nameOf(value: string | { name?: string } | null | undefined): string {
  return typeof value === 'string' ? value : (value?.name ?? '')
}
