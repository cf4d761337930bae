import { describe, expect, it } from 'vitest'
import { homeFor, navFor } from '@/apps/desk/nav'
import type { Role } from '@/shared/entities/identity'
import { kindOf, parseValue } from '../composables/parameters'
import { grantsOf, groupByNoun } from '../composables/roles'

const may = (...held: string[]) => (...asked: string[]) => asked.some((name) => held.includes(name))

describe('navigation follows capabilities', () => {
  it('shows an agent the desk and no administration', () => {
    const groups = navFor(may('call.answer', 'case.create', 'case.read'))
    expect(groups.map((group) => group.name)).toEqual(['work', 'cases'])
    expect(homeFor(may('call.answer', 'case.read'))).toBe('/desk/work')
  })
  it('starts a clerk on the to-do list and a leader on the overview', () => {
    expect(homeFor(may('case.read', 'case.handle'))).toBe('/desk/tasks')
    expect(homeFor(may('case.read', 'overview.read'))).toBe('/desk/overview')
  })
  it('leads the security administrator to people, to give them roles', () => {
    const names = navFor(may('person.read', 'role.write', 'person.recover')).flatMap((group) => group.items.map((item) => item.name))
    expect(names).toContain('people')
  })
  it('starts an auditor on the log', () => expect(homeFor(may('audit.read'))).toBe('/desk/admin/audit'))
  it('has a place for somebody with no capability at all', () => expect(homeFor(may())).toBe('/desk/account'))
})

describe('parameters', () => {
  it('keep their kind', () => {
    expect(parseValue(kindOf({ kind: 'integer', value: 5 }), '7')).toBe(7)
    expect(parseValue(kindOf({ kind: 'integer', value: 5 }), '7.5')).toBeUndefined()
    expect(parseValue(kindOf({ kind: 'integer', value: 5 }), '')).toBeUndefined()
    expect(parseValue(kindOf({ kind: 'text', value: 'a' }), '7')).toBe('7')
    expect(parseValue(kindOf({ kind: 'json', value: [1] }), '[1,')).toBeUndefined()
  })
})

it('copies grants and groups capabilities by noun', () => {
  const role: Role = { id: 'a', name_zh: '甲', name_en: 'A', grants: { 'case.read': 'unit' }, masks: [], exclusive: false, sort: 1, version: 1 }
  const copy = grantsOf(role)
  copy['case.edit'] = 'own'
  expect(role.grants).toEqual({ 'case.read': 'unit' })
  expect(groupByNoun([{ name: 'case.read' }, { name: 'call.read' }, { name: 'case.edit' }]).map(([noun, list]) => [noun, list.length])).toEqual([['case', 2], ['call', 1]])
})
