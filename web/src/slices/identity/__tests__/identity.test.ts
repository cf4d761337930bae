import { describe, expect, it } from 'vitest'
import { homeFor, navFor } from '@/apps/desk/nav'
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
  it('starts an auditor on the log', () => expect(homeFor(may('audit.read'))).toBe('/desk/admin/audit'))
  it('has a place for somebody with no capability at all', () => expect(homeFor(may())).toBe('/desk/account'))
})

describe('parameters', () => {
  it('keep their kind', () => {
    expect(parseValue(kindOf({ value: 5 }), '7')).toBe(7)
    expect(parseValue(kindOf({ value: 5 }), '7.5')).toBeUndefined()
    expect(parseValue(kindOf({ value: 5 }), '')).toBeUndefined()
    expect(parseValue(kindOf({ value: 'a' }), '7')).toBe('7')
    expect(parseValue(kindOf({ value: [1] }), '[1,')).toBeUndefined()
  })
})

it('reads grants in both forms and groups capabilities by noun', () => {
  const role = { id: 'a', name: 'A', grants: [{ capability: 'case.read', scope: 'unit' as const }] }
  expect(grantsOf(role)).toEqual({ 'case.read': 'unit' })
  expect(groupByNoun([{ name: 'case.read' }, { name: 'call.read' }, { name: 'case.edit' }]).map(([noun, list]) => [noun, list.length])).toEqual([['case', 2], ['call', 1]])
})
