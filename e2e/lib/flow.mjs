/** An order's way through the city over HTTP, for stories that are about something else. */
import assert from 'node:assert/strict'
import { Api } from './api.mjs'
import { account, unitOf } from './city.mjs'

/** Items of a page or of a plain list. */
export function items(page) {
  return Array.isArray(page) ? page : page.items
}

/**
 * The first category without children whose name holds the words. Choose with care: the catalogue
 * sends some matters to their unit by itself, before anybody of the staff can.
 */
export function category(tree, words) {
  for (const node of items(tree)) {
    const children = node.children ?? []
    const found = children.length ? category(children, words) : node.name.includes(words) && node
    if (found) return found
  }
  return null
}

/** A believable order. */
export function draft(category_id, { phone = '13800138000', title = '小区门口路灯不亮' } = {}) {
  return {
    type: 'complaint',
    category_id,
    title,
    content: '小区东门外的三盏路灯已经连续一周不亮，晚上老人出行不安全，希望尽快维修。',
    contact: { name: '测试市民', phone },
    confidential: false,
    place: { address: '和平路 18 号' },
    answered_at_once: false,
    urgency: 'normal',
  }
}

/** Signs in everybody whom the flow needs. */
export async function staff(url) {
  const roles = ['agent', 'shift_leader', 'dispatcher', 'unit_clerk', 'reviewer']
  const people = await Promise.all(roles.map((role) => Api.signIn(url, account(role))))
  return Object.fromEntries(roles.map((role, i) => [role, people[i]]))
}

/** The unit of the demonstration's clerk, as the server knows it. */
export async function clerksUnit(api) {
  const { code } = unitOf(account('unit_clerk'))
  const unit = items(await api.get(`/units?limit=200`)).find((one) => one.code === code)
  assert.ok(unit, `there is no unit ${code}`)
  return unit
}

/** One step as whoever of the staff may take it now; gives the fresh order. */
export async function act(people, id, action, noun, body) {
  const tried = []
  for (const [role, api] of Object.entries(people)) {
    const response = await api.raw('GET', `/cases/${id}`)
    if (!response.ok) continue
    const order = await response.json()
    tried.push(`${role}: ${order.status} ${order.allowed}`)
    if (!order.allowed.includes(action)) continue
    await api.post(`/cases/${id}/${noun}`, { version: order.version, ...body })
    return api.get(`/cases/${id}`)
  }
  assert.fail(`nobody may ${action}: ${tried.join('; ')}`)
}

/** Brings a fresh order to the archive. */
export async function handle(people, id) {
  const unit = await clerksUnit(people.dispatcher)
  await act(people, id, 'review', 'review', { decision: 'pass', opinion: '同意受理' })
  await act(people, id, 'dispatch', 'dispatch', { unit_id: unit.id, opinion: '请依职责办理', co_units: [] })
  await act(people, id, 'acceptance', 'acceptance', {})
  await act(people, id, 'feedback', 'feedback', { result: '已到现场更换灯具，路灯恢复照明。', contacted: true })
  await act(people, id, 'result_review', 'result-review', { decision: 'pass', opinion: '办理属实' })
  await act(people, id, 'return_visit', 'return-visit', { reached: true, satisfied: 4, comment: '市民表示满意' })
  return act(people, id, 'closure', 'closure', { reason: '办结归档' })
}
