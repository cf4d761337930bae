import type { Role, Scope } from '@/shared/entities/identity'

export const SCOPES: readonly Scope[] = ['own', 'unit', 'subtree', 'all']

/** What can be hidden from a role; the server knows the same names. */
export const MASKS = ['phone'] as const

export function roleName(role: Role, locale: string): string {
  return (locale === 'en' ? role.name_en : role.name_zh) || role.name_zh || role.id
}

/** A copy of the grants, to be changed on screen. */
export function grantsOf(role: Role): Record<string, Scope> {
  return { ...role.grants }
}

/** Capabilities by the noun before the point, in the order in which they come. */
export function groupByNoun<T extends { name: string }>(capabilities: readonly T[]): [noun: string, T[]][] {
  const groups = new Map<string, T[]>()
  for (const capability of capabilities) {
    const noun = capability.name.split('.')[0] ?? ''
    groups.set(noun, [...(groups.get(noun) ?? []), capability])
  }
  return [...groups]
}
