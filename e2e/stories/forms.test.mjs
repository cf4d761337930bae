/**
 * A form from its drawing to its next version: an administrator designs it with a script, an agent fills it in, a
 * tampered request is refused, the clerk sees only what the step is for, and the next version leaves the order as it is.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Api } from '../lib/api.mjs'
import { launch, open } from '../lib/browser.mjs'
import { account } from '../lib/city.mjs'
import { act, category, clerksUnit, draft, items, staff } from '../lib/flow.mjs'
import { assertTidy, click, fill, signIn } from '../lib/pages.mjs'
import { until } from '../lib/processes.mjs'
import { Server } from '../lib/server.mjs'

const SCRIPT = `on('amount', (form) => {
  form.set('total', (form.get('amount') || 0) * 3);
  form.show('reason', form.get('amount') > 10);
  form.require('reason', form.get('amount') > 10);
});`

let server
let browser
before(async () => {
  server = await Server.start()
  browser = await launch()
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

async function desk(name) {
  const page = await open(browser, server.url)
  await signIn(page, name)
  return page
}
async function picture(page, name) {
  if (process.env.YIHAO_PICTURES) await page.screenshot({ path: `${process.env.YIHAO_PICTURES}/${name}.png` })
}
/** Adds a field from the palette and names it. */
async function add(page, type, label, key) {
  await click(page, `palette-${type}`)
  await fill(page, 'prop-label', label)
  await fill(page, 'prop-key', key)
  await page.getByTestId('prop-key').press('Tab')
  await page.getByTestId(`block-${key}`).waitFor()
}

test('a form is designed, filled in, checked by the server, seen by each at his step, and changed', async () => {
  const admin = await desk(account('system_admin'))
  await admin.goto('/desk/admin/forms')
  await click(admin, 'form-new')
  await fill(admin, 'form-new-title', '井盖报修')
  await fill(admin, 'form-new-name', 'manhole')
  await click(admin, 'dialog-save')
  await add(admin, 'line', '井盖编号', 'cover_no')
  await admin.getByTestId('prop-required').check()
  await add(admin, 'number', '破损数量', 'amount')
  await add(admin, 'number', '预计工时', 'total')
  await admin.getByTestId('prop-computed').check()
  await add(admin, 'line', '原因说明', 'reason')
  await add(admin, 'line', '中心备注', 'inner')
  await admin.getByTestId('access-handling').selectOption('hidden')
  await add(admin, 'line', '处置措施', 'measure')
  await admin.getByTestId('access-create').selectOption('hidden')
  await admin.getByTestId('access-handling').selectOption('must')
  await picture(admin, 'design')
  // A field that was added by mistake is taken back.
  await click(admin, 'palette-rich')
  await admin.getByTestId('block-rich_1').waitFor()
  await click(admin, 'form-undo')
  await admin.getByTestId('block-rich_1').waitFor({ state: 'detached' })
  await click(admin, 'form-tab-script')
  await fill(admin, 'form-script', 'for (;;) {}')
  await fill(admin, 'trial-answers', '{"cover_no":"J-1","amount":12}')
  await click(admin, 'trial-run')
  await admin.getByTestId('trial-error').waitFor()
  await fill(admin, 'form-script', SCRIPT)
  await click(admin, 'trial-run')
  await until('the trial asks for the reason', async () => (await admin.getByText('reason').count()) > 0)
  await picture(admin, 'script')
  await click(admin, 'form-tab-preview')
  await admin.getByTestId('preview-phone').waitFor()
  await picture(admin, 'preview')
  await assertTidy(admin, 'the designer')
  await click(admin, 'form-publish')
  await click(admin, 'form-publish-go')
  await admin.getByTestId('form-edit-manhole').waitFor()
  await picture(admin, 'forms')

  await admin.goto('/desk/admin/order-types')
  await click(admin, 'order-type-new')
  await fill(admin, 'order-type-zh', '井盖报修')
  await admin.getByTestId('order-type-form').selectOption('manhole')
  await click(admin, 'order-type-save')
  await admin.getByTestId('order-type-edit-井盖报修').waitFor()
  await picture(admin, 'order-types')
  await assertTidy(admin, 'the order types')

  // The agent's page computes, shows and asks as the script says.
  const agent = await desk(account('agent'))
  await agent.goto('/desk/work')
  await agent.getByTestId('order-order-type').waitFor()
  await agent.getByTestId('order-order-type').selectOption({ label: '井盖报修' })
  await agent.getByTestId('form-cover_no').waitFor()
  await fill(agent, 'form-cover_no', 'J-0017')
  await fill(agent, 'form-amount', '12')
  await until('the total is computed', async () => (await agent.getByTestId('form-total').textContent()).trim() === '36')
  await agent.getByTestId('form-reason').waitFor()
  await picture(agent, 'agent')
  await assertTidy(agent, 'the order form')

  const people = await staff(server.url)
  const { id: category_id } = category(await people.agent.get('/categories'), '路灯不亮')
  const type = items(await people.agent.get('/order-types')).find((one) => one.zh === '井盖报修')
  const body = (form) => ({ ...draft(category_id), order_type_id: type.id, form_id: type.form_id, form })
  // Whoever goes past the page is refused, field by field.
  const tampered = await people.agent.raw('POST', '/cases', { body: body({ amount: 12, total: 1, measure: '假', nowhere: 1 }) })
  assert.equal(tampered.status, 422)
  const fields = (await tampered.json()).errors.map((error) => error.field).sort()
  assert.deepEqual(fields, ['form.cover_no', 'form.measure', 'form.nowhere', 'form.reason'])
  const order = await people.agent.post('/cases', body({ cover_no: 'J-0017', amount: 12, total: 1, reason: '被重车压坏', inner: '内部掌握' }))

  const unit = await clerksUnit(people.dispatcher)
  await act(people, order.id, 'review', 'review', { decision: 'pass', opinion: '同意受理' })
  await act(people, order.id, 'dispatch', 'dispatch', { unit_id: unit.id, opinion: '请办理', co_units: [] })
  await act(people, order.id, 'acceptance', 'acceptance', {})
  const clerk = await desk(account('unit_clerk'))
  await clerk.goto(`/desk/cases/${order.id}`)
  await clerk.getByTestId('case-forms').waitFor()
  const seen = await clerk.getByTestId('case-forms').textContent()
  assert.ok(seen.includes('J-0017') && seen.includes('36') && !seen.includes('内部掌握') && !seen.includes('中心备注'), seen)
  await click(clerk, 'case-action-feedback')
  await fill(clerk, 'action-result', '已更换井盖。')
  await click(clerk, 'action-submit')
  await clerk.getByTestId('form-measure-wrong').waitFor()
  await fill(clerk, 'form-measure', '更换球墨铸铁井盖')
  await picture(clerk, 'clerk')
  await assertTidy(clerk, 'the order with its form')
  await click(clerk, 'action-submit')
  await until('the result is reported', async () => (await people.agent.get(`/cases/${order.id}`)).status === 'handled')

  // The next version asks for more; the order stays as it was filled in.
  await admin.goto('/desk/admin/forms')
  await click(admin, 'form-edit-manhole')
  await admin.getByTestId('block-cover_no').waitFor()
  await add(admin, 'line', '井盖材质', 'material')
  await click(admin, 'form-publish')
  await click(admin, 'form-publish-go')
  await admin.getByTestId('form-edit-manhole').waitFor()
  const late = await people.agent.raw('POST', '/cases', { body: body({ cover_no: 'J-0018' }) })
  assert.equal(late.status, 409)
  assert.equal((await late.json()).code, 'form.changed')
  const leader = await desk(account('shift_leader'))
  await leader.goto(`/desk/cases/${order.id}`)
  await leader.getByTestId('form-older').waitFor()
  const kept = await leader.getByTestId('case-forms').textContent()
  assert.ok(kept.includes('被重车压坏') && kept.includes('内部掌握') && kept.includes('更换球墨铸铁井盖') && !kept.includes('井盖材质'), kept)
  await picture(leader, 'older')
})

test('citizens fill in the form of a matter on a phone', async () => {
  const page = await open(browser, server.url, { width: 390, height: 844 })
  await page.goto('/submit')
  await page.getByTestId('portal-order-type').selectOption({ label: '噪声投诉' })
  await page.getByTestId('form-slots-add').click()
  await page.getByTestId('form-source').selectOption('site')
  await page.getByTestId('form-day').selectOption('every')
  await page.getByTestId('form-from').fill('22:30')
  await page.getByTestId('form-to').fill('23:30')
  await until('the severity is computed', async () => (await page.getByTestId('form-severity').textContent()).includes('较重'))
  await fill(page, 'portal-submit-title', '工地夜间施工')
  await fill(page, 'portal-submit-content', '工地夜里一直施工，影响休息。')
  await fill(page, 'portal-submit-name', '陈女士')
  await fill(page, 'portal-submit-phone', '13800001111')
  await picture(page, 'portal')
  await assertTidy(page, 'the citizen’s form')
  await click(page, 'portal-submit-send')
  await page.getByTestId('portal-submit-number').waitFor()
})
