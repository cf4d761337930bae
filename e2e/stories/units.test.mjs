/** A unit's own work: a clerk gets an account, finds something, an order is made; what the unit promises is published. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { launch, open } from '../lib/browser.mjs'
import { account } from '../lib/city.mjs'
import { assertTidy, click, fill, pick, signIn, text } from '../lib/pages.mjs'
import { Server } from '../lib/server.mjs'

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

const SECRET = 'Yun-Zhou-Clerk-9'
const wide = { width: 1366, height: 768 }
const phone = { width: 390, height: 844 }

async function desk(role, viewport = wide) {
  const page = await open(browser, server.url, { language: 'zh-CN', viewport })
  await signIn(page, account(role))
  return page
}

test('a clerk applies for an account, is approved by the unit and given rights', async () => {
  const citizen = await open(browser, server.url, { language: 'zh-CN', viewport: phone })
  await citizen.goto('/registration')
  await click(citizen, 'register-submit')
  await citizen.getByText('请从列表中选择单位').waitFor()
  await fill(citizen, 'register-unit', '住房和城乡建设')
  await citizen.getByTestId('register-unit-choice').filter({ hasText: '住房和城乡建设局' }).first().click()
  for (const [name, words] of [['register-name', '柳知秋'], ['register-phone', '13900007766'], ['register-post', '承办人'], ['register-password', SECRET], ['register-again', SECRET]]) await fill(citizen, name, words)
  await picture(citizen, 'register')
  await assertTidy(citizen, 'register')
  await click(citizen, 'register-submit')
  const number = await text(citizen, 'register-number')
  const code = await text(citizen, 'register-code')
  await picture(citizen, 'register-sent')

  const boss = await desk('unit_admin')
  await boss.goto('/desk/admin/registrations')
  await boss.getByTestId('registration-row').filter({ hasText: '柳知秋' }).waitFor()
  await picture(boss, 'registrations')
  await assertTidy(boss, 'registrations')
  await click(boss, 'registration-approve')
  const given = await text(boss, 'registration-account')
  await picture(boss, 'registration-approve')
  await click(boss, 'dialog-save')
  await boss.locator('.y-tag').filter({ hasText: '已通过，待授权' }).first().waitFor()

  const security = await desk('security_admin')
  await security.goto('/desk/admin/registrations')
  await click(security, 'registration-grant')
  await picture(security, 'registration-grant')
  await click(security, 'dialog-save')
  await security.locator('.y-tag').filter({ hasText: '已开通' }).first().waitFor()

  await click(citizen, 'register-look-tab')
  await fill(citizen, 'register-number-field', number)
  await fill(citizen, 'register-code-field', code)
  await click(citizen, 'register-look')
  assert.equal(await text(citizen, 'register-account'), given)
  await picture(citizen, 'register-standing')
  const clerk = await open(browser, server.url, { language: 'zh-CN', viewport: wide })
  await signIn(clerk, given, SECRET)
  await clerk.goto('/desk/discoveries')
  await clerk.getByTestId('discovery-new').waitFor()
  // The page is asked for a proof of work first, which the browser notes as a failure.
  citizen.problems = citizen.problems.filter((problem) => !/ status of 428 /.test(problem))
  for (const page of [citizen, boss, security, clerk]) assert.deepEqual([...page.problems], [])
})

test('a find becomes an order of the own unit', async () => {
  const page = await desk('unit_clerk')
  await page.goto('/desk/discoveries')
  await click(page, 'discovery-new')
  await fill(page, 'discovery-title', '小区外墙瓷砖松动')
  await fill(page, 'discovery-content', '巡查发现三栋外墙瓷砖松动，已拉警戒线。')
  await pick(page, 'discovery-category', '房屋')
  await picture(page, 'discovery-new')
  await click(page, 'dialog-save')
  await page.getByTestId('discovery-row').filter({ hasText: '瓷砖松动' }).waitFor()
  await picture(page, 'discoveries')
  await assertTidy(page, 'discoveries')
  await page.getByTestId('discovery-row').filter({ hasText: '瓷砖松动' }).getByTestId('discovery-order').click()
  await picture(page, 'discovery-order')
  await click(page, 'dialog-save')
  const row = page.getByTestId('discovery-row').filter({ hasText: '瓷砖松动' })
  await row.getByText('已生成工单').waitFor()
  await row.locator('a').click()
  await page.getByText('主动发现').first().waitFor()
  await picture(page, 'discovered-order')
  assert.deepEqual([...page.problems], [])
  const small = await desk('unit_clerk', phone)
  await small.goto('/desk/discoveries')
  await small.getByTestId('discovery-row').first().waitFor()
  await picture(small, 'discoveries-phone')
  await assertTidy(small, 'discoveries on a telephone')
})

test('a promise is written, published and found by citizens', async () => {
  const unit = await desk('unit_admin')
  await unit.goto('/desk/commitments')
  await click(unit, 'commitment-new')
  for (const [name, words] of [['commitment-service', '房屋安全鉴定'], ['commitment-limit', '7个工作日'], ['commitment-content', '受理房屋安全鉴定申请'], ['commitment-standard', '一次告知'], ['commitment-process', '申请—勘查—出具报告']]) await fill(unit, name, words)
  await picture(unit, 'commitment-new')
  await click(unit, 'dialog-save')
  await click(unit, 'commitment-hand-in')
  await unit.locator('.y-tag').filter({ hasText: '待发布' }).first().waitFor()
  await picture(unit, 'commitments')
  await assertTidy(unit, 'commitments')
  const editor = await desk('reviewer')
  await editor.goto('/desk/commitments?state=waiting')
  await click(editor, 'commitment-decide')
  await picture(editor, 'commitment-decide')
  await click(editor, 'commitment-publish')
  const citizen = await open(browser, server.url, { language: 'zh-CN', viewport: phone })
  await citizen.goto('/published')
  await click(citizen, 'published-commitments')
  await fill(citizen, 'commitments-search', '房屋安全')
  await citizen.getByTestId('commitments-search').press('Enter')
  await citizen.getByTestId('commitments-row').filter({ hasText: '房屋安全鉴定' }).locator('button').click()
  await citizen.getByText('申请—勘查—出具报告').waitFor()
  await picture(citizen, 'commitments-portal')
  await assertTidy(citizen, 'commitments on the portal')
  for (const page of [unit, editor, citizen]) assert.deepEqual([...page.problems], [])
})

test('alarms are listed and all that match a filter are urged in the background', async () => {
  const page = await desk('shift_leader')
  await page.goto('/desk/alarms')
  await page.getByRole('heading', { name: '超期报警' }).waitFor()
  await picture(page, 'alarms')
  await assertTidy(page, 'alarms')
  await page.goto('/desk/cases?status=in_progress')
  await page.getByTestId('case-choose').first().check()
  const all = page.getByTestId('bulk-all')
  if (await all.isVisible()) await all.click()
  await picture(page, 'bulk-all')
  await click(page, 'bulk-urge')
  await fill(page, 'bulk-text', '请按时限办理')
  await click(page, 'dialog-save')
  await page.getByTestId('bulk-done').waitFor({ timeout: 90_000 })
  assert.match(await text(page, 'bulk-done'), /共 \d+ 件/)
  await page.getByTestId('bulk-file').waitFor()
  await picture(page, 'bulk-done')
  await assertTidy(page, 'bulk')
  assert.deepEqual([...page.problems], [])
})

async function picture(page, name) {
  const folder = process.env.YIHAO_SCREENSHOTS
  if (!folder) return
  await page.waitForTimeout(350)
  await page.screenshot({ path: join(folder, `units-${name}.png`), fullPage: true })
}

test('a unit writes to another, which answers', async () => {
  const asker = await desk('unit_clerk')
  await asker.goto('/desk/exchanges')
  await click(asker, 'exchange-new')
  await picture(asker, 'exchange-new')
  await pick(asker, 'exchange-unit', '市政设施养护')
  await fill(asker, 'exchange-subject', '外墙抢修占道配合')
  await fill(asker, 'exchange-body', '明日搭设脚手架占用人行道，请确认恢复标准。')
  await click(asker, 'dialog-save')
  await asker.getByTestId('exchange-row').filter({ hasText: '外墙抢修占道配合' }).waitFor()
  await picture(asker, 'exchanges')
  await assertTidy(asker, 'exchanges')

  const other = await open(browser, server.url, { language: 'zh-CN', viewport: phone })
  await signIn(other, 'ldsz.clerk')
  await other.goto('/desk/exchanges?unread=1')
  await other.getByTestId('exchange-row').filter({ hasText: '外墙抢修占道配合' }).getByRole('link').click()
  await fill(other, 'exchange-answer', '按原砖型恢复，完工后通知我所验收。')
  await picture(other, 'exchange-phone')
  await assertTidy(other, 'exchange-phone')
  await click(other, 'exchange-send')
  await other.getByTestId('exchange-post').nth(1).waitFor()

  await asker.getByTestId('exchange-row').filter({ hasText: '外墙抢修占道配合' }).getByRole('link').click()
  await asker.getByTestId('exchange-post').filter({ hasText: '按原砖型恢复' }).waitFor()
  assert.equal(await text(asker, 'exchange-state'), '已回复')
  await picture(asker, 'exchange')
  await click(asker, 'exchange-close')
  await asker.getByTestId('exchange-closed').waitFor()
  for (const page of [asker, other]) assert.deepEqual([...page.problems], [])
})

test('the agreed way of reply is kept with the order, and a text that cannot go out becomes a call', async () => {
  const agent = await desk('agent')
  await agent.goto('/desk/work')
  await click(agent, 'order-type-consult')
  await pick(agent, 'order-category', '路灯')
  await fill(agent, 'order-name', '周知夏')
  await fill(agent, 'order-phone', '13900004411')
  await fill(agent, 'order-title', '路灯开灯时间咨询')
  await fill(agent, 'order-content', '询问冬季路灯几点开灯。')
  await agent.getByTestId('order-reply-way').selectOption('email')
  await fill(agent, 'order-reply-to', '周知夏')
  await agent.getByTestId('order-answered-at-once').click()
  await fill(agent, 'order-answer', '冬季路灯17:30开灯。')
  await click(agent, 'order-submit')
  await agent.getByText('请填写正确的电子邮箱').first().waitFor()
  await picture(agent, 'order-reply')
  await fill(agent, 'order-reply-to', 'zhou@example.cn')
  await click(agent, 'order-submit')
  const number = (await text(agent, 'order-number')).trim()

  const leader = await desk('shift_leader')
  await leader.goto('/desk/tasks')
  const row = leader.getByTestId('task-row').filter({ hasText: number }).first()
  await row.waitFor()
  await row.click()
  await leader.getByTestId('reply-note').filter({ hasText: '请电话告知' }).waitFor()
  await leader.getByTestId('case-told').waitFor()
  await picture(leader, 'telling')
  await assertTidy(leader, 'telling')
  await fill(leader, 'op-note', '已电话告知。')
  await click(leader, 'action-submit')
  await leader.getByTestId('timeline').getByText('已告知市民').first().waitFor()
  for (const page of [agent, leader]) assert.deepEqual([...page.problems], [])
})
