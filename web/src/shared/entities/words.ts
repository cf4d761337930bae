/**
 * The words of the domain, as they are sent.
 *
 * The document names some of them as Rust does (`DraftLogged`); the server
 * sends them in snake case. `Sent` spells them so all through a schema, and
 * leaves words alone that are in snake case already.
 */
import type { components } from '@/api/schema'

type Schemas = components['schemas']
type Tail<W extends string> = W extends `${infer C}${infer Rest}` ? (C extends Lowercase<C> ? `${C}${Tail<Rest>}` : `_${Lowercase<C>}${Tail<Rest>}`) : W
type Snake<W extends string> = W extends `${infer C}${infer Rest}` ? `${Lowercase<C>}${Tail<Rest>}` : W

type Word = Schemas['Kind'] | Schemas['Status'] | Schemas['Source'] | Schemas['Urgency'] | Schemas['Step']

export type Sent<T> = T extends Word ? Snake<T> : T extends (infer Item)[] ? Sent<Item>[] : T extends object ? { [K in keyof T]: Sent<T[K]> } : T

export type CaseType = Sent<Schemas['Kind']>
export type CaseStatus = Sent<Schemas['Status']>
export type CaseSource = Sent<Schemas['Source']>
export type Urgency = Sent<Schemas['Urgency']>
export type Step = Sent<Schemas['Step']>

export const CASE_TYPES = ['consult', 'complaint', 'report', 'help', 'suggestion', 'repair', 'praise', 'difficult', 'reflection', 'nuisance', 'other'] as const satisfies readonly CaseType[]
export const CASE_STATUSES = [
  'draft_logged', 'assigned', 'in_progress', 'handled', 'approved', 'returned', 'closed_at_once', 'archived', 'not_accepted', 'voided', 'merged',
] as const satisfies readonly CaseStatus[]
export const URGENCIES = ['normal', 'urgent', 'critical'] as const satisfies readonly Urgency[]
export const CASE_SOURCES = ['phone', 'portal', 'staff', 'discovered', 'import'] as const satisfies readonly CaseSource[]
