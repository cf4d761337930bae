import { expect, it } from 'vitest'
import { checkSubmission, emptySubmission, toPortalCase } from '../composables/submission'

const whole = { ...emptySubmission(), category_id: 'c1', title: '路灯不亮', content: '小区门口路灯不亮', name: '李女士', phone: '0571-8800 1234' }

it('asks the citizen for what is needed and nothing more', () => {
  expect(Object.keys(checkSubmission(emptySubmission(), false))).toEqual(['category_id', 'title', 'content', 'name', 'phone'])
  expect(checkSubmission(whole, false)).toEqual({})
  expect(checkSubmission(whole, true)).toEqual({ category_id: 'psubmit.need_category' })
  expect(checkSubmission({ ...whole, phone: 'abc' }, false)).toEqual({ phone: 'psubmit.need_phone' })
})

it('sends the most exact category and a plain number', () => {
  expect(toPortalCase({ ...whole, sub_category_id: 'c2' })).toMatchObject({ category_id: 'c2', contact: { phone: '057188001234' }, place: { district: undefined, address: undefined } })
})
