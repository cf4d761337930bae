import type { Role, Scope } from '@/shared/entities/identity'

export const SCOPES: readonly Scope[] = ['own', 'unit', 'subtree', 'all']

export function roleName(role: Role & { name_zh?: string }, locale: string): string {
  return (locale === 'en' ? role.name_en : (role.name_zh ?? role.name)) || role.name || role.name_zh || role.id
}

/** Grants as a map, in whichever of its two forms they came. */
export function grantsOf(role: Role): Record<string, Scope> {
  if (!Array.isArray(role.grants)) return { ...role.grants }
  return Object.fromEntries(role.grants.map((grant) => [grant.capability, grant.scope]))
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
