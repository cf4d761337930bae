/** Work orders, their tasks, and the tree they are classified by. */
import type { components } from '@/api/schema'
import type { Sent } from './words'

export { CASE_SOURCES, CASE_STATUSES, CASE_TYPES, URGENCIES, type CaseStatus, type CaseType, type Urgency } from './words'

type Schemas = components['schemas']

export type Color = Schemas['Color'] | null
export type Named = Schemas['Named']
export type Task = Sent<Schemas['TaskView']>
export type TaskSummary = Sent<Schemas['TaskSummary']>
export type Case = Sent<Schemas['CaseView']>
/** An order as lists show it. */
export type CaseItem = Sent<Schemas['CaseItem']>
export type CaseDraft = Sent<Schemas['CaseDraft']>
export type Category = Sent<Schemas['CategoryView']>
export type TimelineEntry = Schemas['TimelineEntry']
export type Attachment = Sent<Schemas['AttachmentView']>
export type Publication = Schemas['PublicationView']
export type DocumentTemplate = Schemas['TemplateView']
export type Deadline = Schemas['DeadlineView']
export type ExternalLink = Schemas['LinkView']
export type Rating = Schemas['RatingView']
export type CatalogueVersion = Schemas['CatalogueView']
export type CatalogueRow = Sent<Schemas['CatalogueRowView']>
export type Proposal = Sent<Schemas['ProposalView']>
export type Overview = Schemas['OverviewView']
export type OrderFigures = Schemas['MyFigures']
export type Calendar = Schemas['CalendarView']

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
  return ['archived', 'closed_at_once', 'not_accepted', 'voided', 'merged'].includes(status)
}

export function nameOf(value: string | { name?: string } | null | undefined): string {
  return typeof value === 'string' ? value : (value?.name ?? '')
}
