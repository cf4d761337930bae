/** A citizen chats with the robot, then with a person, who writes an order from what was said. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Api } from '../lib/api.mjs'
import { launch, open } from '../lib/browser.mjs'
import { account, accounts } from '../lib/city.mjs'
import { staff } from '../lib/flow.mjs'
import { assertTidy, click, fill, leaveSeat, pick, signIn, takeSeat, text } from '../lib/pages.mjs'
import { until } from '../lib/processes.mjs'
import { Server } from '../lib/server.mjs'

let server
before(async () => {
  server = await Server.start()
})
after(() => server?.stop())

async function say(page, words) {
  await fill(page, 'chat-input', words)
  await click(page, 'chat-send')
}
const chatState = (page, state) => page.locator(`[data-testid=chat-state][data-state=${state}]`).waitFor()

test('the robot answers with its source, a person takes over and writes an order, the citizen rates', async (t) => {
  const [agents, citizens] = await Promise.all([launch(), launch()])
  try {
    const people = await staff(server.url)
    const entries = await people.shift_leader.get('/robot/entries?q=' + encodeURIComponent('医保'))
    const desk = await open(agents, server.url)
    await signIn(desk, accounts('agent')[0])
    await takeSeat(desk)
    const portal = await open(citizens, server.url, { viewport: { width: 390, height: 844 } })
    await portal.goto('/')
    await click(portal, 'portal-chat-link')
    await chatState(portal, 'robot')
    if (entries.length) {
      await say(portal, entries[0].title)
      assert.match(await text(portal, 'chat-source'), /来源/)
    } else {
      t.diagnostic('skipped: the robot has no public knowledge to answer from')
    }
    await assertTidy(portal, 'the chat')
    await say(portal, '听澜雅苑3号楼电梯坏了三天没人修，联系电话13800138001')
    await click(portal, 'chat-person')
    await chatState(portal, 'waiting')
    await click(desk, 'chat-take')
    await chatState(portal, 'served')
    await fill(desk, 'desk-chat-input', '您好，我来为您登记。')
    await click(desk, 'desk-chat-send')
    await portal.getByText('您好，我来为您登记。').waitFor()
    // What was said survives a reload on both sides.
    await portal.reload()
    await portal.getByText('您好，我来为您登记。').waitFor()
    await click(desk, 'chat-order')
    assert.match(await text(desk, 'order-content'), /电梯坏了三天/)
    assert.match(await text(desk, 'order-address'), /听澜雅苑3号楼/)
    assert.equal(await text(desk, 'order-phone'), '13800138001')
    await pick(desk, 'order-category', '电梯')
    await fill(desk, 'order-name', '李国强')
    await click(desk, 'order-submit')
    const number = await text(desk, 'order-number')
    await portal.getByText(number).first().waitFor()
    await click(desk, 'chat-end')
    await desk.locator('.el-message-box__btns .el-button--primary').click()
    await chatState(portal, 'ended')
    await click(portal, 'chat-star-5')
    await click(portal, 'chat-rate')
    await portal.getByTestId('chat-rated').waitFor()
    const list = await until('the rating is in the list', async () => {
      const { items } = await people.shift_leader.get('/chats?handed_over=true')
      return items.find((one) => one.case_number === number && one.stars === 5)
    })
    assert.equal(list.reason, 'wish')
    await desk.goto('/desk/work')
    await leaveSeat(desk)
    assert.deepEqual([...desk.problems, ...portal.problems], [])
  } finally {
    await Promise.all([agents.close(), citizens.close()])
  }
})

test('an order that is typed gets its fields, and the same event is seen', async () => {
  const browser = await launch()
  try {
    const people = await staff(server.url)
    const citizen = new Api(server.url)
    const content = '听澜雅苑5号楼水管爆裂，水漫到电梯间了，请马上派人维修'
    const { number } = await citizen.post('/portal/cases', {
      type: 'repair', title: '水管爆裂', content, contact: { name: '王芳', phone: '13800138002' }, place: { district: '澜溪区', address: '听澜雅苑5号楼' },
    })
    await until('the order is compared', async () => {
      const { same } = await people.agent.post('/assist/suggestions', { content })
      return same.find((one) => one.number === number)
    })
    const desk = await open(browser, server.url)
    await signIn(desk, accounts('agent')[1])
    await fill(desk, 'order-content', `${content}，电话13800138002`)
    await click(desk, 'help-address')
    await click(desk, 'help-phone')
    assert.equal(await text(desk, 'order-address'), '听澜雅苑5号楼')
    assert.equal(await text(desk, 'order-phone'), '13800138002')
    await desk.getByTestId('same-order').filter({ hasText: number }).waitFor()
    await assertTidy(desk, 'the desk with help')
    const leader = await open(browser, server.url)
    await signIn(leader, account('shift_leader'))
    for (const [path, what] of [['/desk/topics', 'topics'], ['/desk/robot', 'training'], ['/desk/chats', 'chats']]) {
      await leader.goto(path)
      await leader.locator('h1').first().waitFor()
      await leader.waitForTimeout(600)
      await assertTidy(leader, what)
    }
  } finally {
    await browser.close()
  }
})
