import { describe, expect, it } from 'vitest'
import { localMinute, minuteAt } from '@/shared/days'
import type { Case } from '@/shared/entities/cases'
import { actionsOf, actRequest, checkAct, emptyAct, mainAction } from '../composables/actions'
import { monthsOf } from '../composables/calendar'
import { whatChanged } from '../composables/changes'
import { checkOrder, emptyOrder, toCaseDraft } from '../composables/order'

describe('the order form', () => {
  const whole = { ...emptyOrder(), category_id: 'c', name: '王先生', phone: '138 0000-0000', title: '路灯', content: '不亮了' }

  it('names every missing field', () => {
    expect(Object.keys(checkOrder(emptyOrder()))).toEqual(['category_id', 'name', 'phone', 'title', 'content'])
    expect(checkOrder(whole)).toEqual({})
  })
  it('wants the answer when it was answered at once', () => {
    expect(checkOrder({ ...whole, answered_at_once: true })).toEqual({ answer: 'order.need_answer' })
  })
  it('accepts a masked number, which the server knows from the call, and never sends it', () => {
    const masked = { ...whole, contact_id: 't1', phone: '138****2046' }
    expect(checkOrder(masked)).toEqual({})
    expect(toCaseDraft(masked, 'call-1').contact).toEqual({ id: 't1', name: '王先生', reply: { way: 'phone' } })
    expect(toCaseDraft({ ...masked, contact_id: '' }, 'call-1').contact).toEqual({ name: '王先生' })
    expect(checkOrder({ ...whole, reply_way: 'email', reply_to: '王先生' })).toEqual({ to: 'reply.need_mail' })
    expect(toCaseDraft({ ...whole, reply_way: 'email', reply_to: 'wang@example.cn' }).contact.reply).toEqual({ way: 'email', to: 'wang@example.cn' })
  })
  it('binds the call and sends no opinion beside an answer', () => {
    const draft = toCaseDraft({ ...whole, answered_at_once: true, answer: '已答复', preliminary_opinion: 'x' }, 'call-1')
    expect(draft).toMatchObject({ call_id: 'call-1', answer: '已答复', contact: { name: '王先生', phone: '13800000000' } })
    expect(draft.preliminary_opinion).toBeUndefined()
  })
})

describe('actions of an order', () => {
  it('are known by the server’s words and in the order of the flow', () => {
    expect(actionsOf(['note', 'case.dispatch', 'acceptance', 'unknown', 'result-review'])).toEqual(['dispatch', 'accept', 'result_review', 'note'])
    expect(mainAction(['urge', 'note', 'feedback'])).toBe('feedback')
    expect(mainAction(['note'])).toBeUndefined()
  })
  it('ask for what they need', () => {
    const fields = emptyAct()
    expect(checkAct('dispatch', fields)).toEqual({ unit_id: 'act.need_unit' })
    expect(checkAct('review', fields)).toEqual({})
    expect(checkAct('review', { ...fields, decision: 'reject' })).toEqual({ opinion: 'act.need' })
    expect(checkAct('return_visit', { ...fields, reached: false })).toEqual({ comment: 'act.need' })
  })
  it('carry the version that the reader saw', () => {
    expect(actRequest('feedback', { ...emptyAct(), result: ' 已修好 ' }, 'k1', 7)).toEqual({ method: 'post', path: '/cases/k1/feedback', body: { version: 7, result: '已修好', contacted: true } })
    expect(actRequest('note', { ...emptyAct(), text: 'x' }, 'k', 1).body).toEqual({ text: 'x' })
    expect(actRequest('reopen', { ...emptyAct(), reason: '未修好' }, 'k1', 2)).toEqual({ method: 'delete', path: '/cases/k1/closure', body: { version: 2, reason: '未修好' } })
    expect(actRequest('result_review', { ...emptyAct(), decision: 'reject', opinion: 'o' }, 'k', 1).body).toMatchObject({ decision: 'back' })
    expect(actRequest('return_visit', { ...emptyAct(), reached: false, satisfied: 5, comment: '无人接听' }, 'k', 1).body).not.toHaveProperty('satisfied')
  })
})

it('shows what somebody else changed', () => {
  const before = { status: 'assigned', status_name: '分配待处理', unit: { id: 'a', name: '甲局' }, title: 't', content: 'c', urgency: 'normal' } as Case
  const after: Case = { ...before, status: 'in_progress', status_name: '开始处理', unit: { id: 'b', name: '乙局' } }
  expect(whatChanged(before, after)).toEqual([
    { field: 'case.status', from: '分配待处理', to: '开始处理' },
    { field: 'case.unit', from: '甲局', to: '乙局' },
  ])
})

describe('the calendar', () => {
  const months = monthsOf(2028, [{ date: '2028-02-29', kind: 'off', name: '节' }, { date: '2028-01-01', kind: 'work', name: '调休' }])
  it('knows leap years and weekdays', () => {
    expect(months[1]).toHaveLength(29)
    expect(months[0]?.[0]).toMatchObject({ date: '2028-01-01', weekday: 6 })
  })
  it('puts what is set above the rule of the week', () => {
    expect(months[0]?.[0]).toMatchObject({ work: true, set: true })
    expect(months[1]?.[28]).toMatchObject({ work: false, set: true })
    expect(months[0]?.[1]).toMatchObject({ work: false, set: false })
  })
})

describe('minutes of a date field', () => {
  it('are those of the city, whatever the browser thinks', () => {
    const at = Date.UTC(2026, 2, 1, 16, 5)
    expect(localMinute(at)).toBe('2026-03-02T00:05')
    expect(minuteAt(localMinute(at))).toBe(at)
  })
})
