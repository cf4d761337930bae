import { describe, expect, it } from 'vitest'
import * as design from '@/slices/cases/forms/design'
import { check, filledTemplate, phoneFields, type FormSchema } from '../schema'
import { workerText } from '../runner'
import { inWords } from '../words'

const form: FormSchema = {
  format: 1,
  fields: [
    { key: 'a', type: 'line', label: { zh: '甲' }, required: true },
    { key: 'frame', type: 'border', fields: [{ key: 'n', type: 'number', label: { zh: '数' }, min: 2, suffix: { zh: '盏' } }] },
    { key: 'rows', type: 'table', label: { zh: '表' }, fields: [{ key: 'x', type: 'line', label: { zh: '列' }, required: true }] },
  ],
  phone: { order: ['rows', 'a'], hidden: ['frame'] },
}

describe('what is filled in', () => {
  it('names what is missing or too small, and nothing that cannot be filled in', () => {
    const all = ['a', 'n', 'rows']
    expect(check(form, { n: 1, rows: [{}] }, all, ['a'])).toEqual({ a: ['forms.need'], n: ['forms.at_least', { n: 2 }], rows: ['forms.need_cells'] })
    expect(check(form, {}, ['n'], ['a'])).toEqual({})
    const effects = { values: {}, hidden: ['a'], required: { n: true }, locked: [], options: {}, failures: [] }
    expect(check(form, {}, all, ['a'], effects)).toEqual({ n: ['forms.need'] })
  })
  it('stands on a phone in its own order, without what the phone hides', () => {
    expect(phoneFields(form).map((field) => field.key)).toEqual(['rows', 'a'])
  })
  it('says answers in words', () => {
    expect(inWords(form.fields[1]!.fields![0]!, 3, false, {})).toBe('3盏')
    expect(inWords({ key: 'u', type: 'unit' }, 'u1', false, { u1: '水务局' })).toBe('水务局')
    expect(inWords({ key: 'u', type: 'unit' }, 'gone', false, {})).toBe('')
  })
  it('fills templates only with answers', () => {
    expect(filledTemplate('灯{{no}}在{{ where }}', { no: 'L-1' }, () => 'L-1')).toBe('灯L-1在')
  })
})

describe('the designer', () => {
  it('moves fields between form and frame, but not into a table', () => {
    const moved = design.move(form, 'a', undefined, { parent: 'frame', at: 0 })
    expect(moved.fields.map((field) => field.key)).toEqual(['frame', 'rows'])
    expect(design.listOf(moved, 'frame').map((field) => field.key)).toEqual(['a', 'n'])
    expect(design.move(form, 'a', undefined, { parent: 'rows', at: 0 })).toBe(form)
    expect(design.move(form, 'frame', undefined, { parent: 'frame', at: 0 })).toBe(form)
    const down = design.move(form, 'a', undefined, { at: 2 })
    expect(down.fields.map((field) => field.key)).toEqual(['frame', 'a', 'rows'])
  })
  it('keeps the phone in step with renamed and removed fields', () => {
    expect(design.change(form, 'a', undefined, { key: 'z' }).phone?.order).toEqual(['rows', 'z'])
    expect(design.remove(form, 'frame').phone).toEqual({ order: ['rows', 'a'] })
    expect(design.moveOnPhone(form, 'a', -1).phone?.order?.[0]).toBe('a')
  })
  it('undoes and redoes, and takes typing as one step', () => {
    const history = new design.History()
    const one = design.change(form, 'a', undefined, { label: { zh: '乙' } })
    history.note(form, 'a.label')
    history.note(one, 'a.label')
    const two = design.change(one, 'a', undefined, { label: { zh: '乙丙' } })
    expect(history.undo(two)).toEqual(form)
    expect(history.redo(form)).toEqual(two)
    expect(history.canUndo).toBe(true)
  })
  it('reads a form from a file, and nothing else', () => {
    expect(design.readForm(JSON.stringify(form))).toEqual(form)
    for (const text of ['', '{}', '{"format":1,"fields":[{"key":"a","type":"spell"}]}', '[1]']) expect(design.readForm(text)).toBeNull()
  })
})

describe('the script', () => {
  it('stands in the worker at a known line, behind what takes its surroundings away', () => {
    const { text, before } = workerText("on('a', () => {})")
    expect(text.split('\n')[before]).toBe("on('a', () => {})")
    expect(text.indexOf('new Set([')).toBeLessThan(text.indexOf("on('a'"))
  })
})
