/** The citizen at the portal page: calls from the browser, writes, and is heard when a result is bad. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Api } from '../lib/api.mjs'
import { heardShare, launch, open } from '../lib/browser.mjs'
import { accounts } from '../lib/city.mjs'
import { category, draft, handle, items, staff } from '../lib/flow.mjs'
import { click, leaveSeat, seatState, signIn, takeSeat } from '../lib/pages.mjs'
import { until } from '../lib/processes.mjs'
import { Server } from '../lib/server.mjs'

let server
before(async () => {
  server = await Server.start()
})
after(() => server?.stop())

test("a citizen's browser calls the hotline and both hear each other", async () => {
  const [agents, citizens] = await Promise.all([launch({ hz: 1000 }), launch({ hz: 440 })])
  try {
    const desk = await open(agents, server.url)
    await signIn(desk, accounts('agent')[0])
    await takeSeat(desk)
    const portal = await open(citizens, server.url, { viewport: { width: 390, height: 844 } })
    await portal.goto('/')
    await click(portal, 'portal-call')
    await click(desk, 'call-answer')
    await seatState(desk, 'talking')
    const hears = (page, hz) => until(`${hz} Hz is heard`, async () => (await heardShare(page, hz, 1)) > 0.5)
    await hears(portal, 1000)
    await hears(desk, 440)
    await click(portal, 'portal-hangup')
    await leaveSeat(desk)
    assert.deepEqual([...desk.problems, ...portal.problems], [])
  } finally {
    await Promise.all([agents.close(), citizens.close()])
  }
})

test('a reload in mid-call keeps the call', async () => {
  const browser = await launch({ hz: 1000 })
  const citizens = await launch({ hz: 440 })
  try {
    const desk = await open(browser, server.url)
    await signIn(desk, accounts('agent')[1])
    await takeSeat(desk)
    const portal = await open(citizens, server.url)
    await portal.goto('/')
    await click(portal, 'portal-call')
    await click(desk, 'call-answer')
    await seatState(desk, 'talking')
    await desk.reload()
    await seatState(desk, 'talking', 20_000)
    await until('the citizen hears the agent after the reload', async () => (await heardShare(portal, 1000, 1)) > 0.5)
    await click(desk, 'call-hangup')
    await leaveSeat(desk)
  } finally {
    await Promise.all([browser.close(), citizens.close()])
  }
})

test('a bad rating comes back to the shift leader', async () => {
  const citizen = new Api(server.url)
  const people = await staff(server.url)
  const { id: category_id } = category(await people.agent.get('/categories'), '路灯不亮')
  const { number, query_code } = await citizen.post('/portal/cases', draft(category_id, { phone: '13900139000' }))
  assert.match(number, /\d{6,}/)
  const { id } = await until('the order is listed', async () =>
    items(await people.shift_leader.get(`/cases?q=${number}`)).find((one) => one.number === number))
  await handle(people, id)
  const shown = await citizen.get(`/portal/cases/${number}?code=${query_code}`)
  assert.equal(shown.can_rate, true, JSON.stringify(shown))
  assert.ok(shown.steps.length >= 3)
  await citizen.post(`/portal/cases/${number}/rating`, { code: query_code, stars: 1, comment: '没有人联系过我' })
  const bad = await until('the rating is on the list', async () =>
    items(await people.shift_leader.get('/ratings?bad=1&state=open')).find((one) => (one.case_number ?? one.number ?? one.case?.number) === number))
  await people.shift_leader.post(`/ratings/${bad.id}/follow-up`, { opinion: '要求单位重新联系市民', reopen: true })
  const reopened = await people.shift_leader.get(`/cases/${id}`)
  assert.notEqual(reopened.status, 'archived')
})
