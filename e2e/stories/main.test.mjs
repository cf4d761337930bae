/**
 * The main story: a citizen calls, an agent in the browser answers and writes an
 * order, the order goes through the city and comes back, the citizen looks it up
 * and rates it, the figures move.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Api } from '../lib/api.mjs'
import { heardShare, launch, open } from '../lib/browser.mjs'
import { account, unitOf } from '../lib/city.mjs'
import { items } from '../lib/flow.mjs'
import { click, fill, pick, seatState, signIn, takeSeat, text, writeOrder } from '../lib/pages.mjs'
import { until } from '../lib/processes.mjs'
import { Server } from '../lib/server.mjs'
import { dial } from '../lib/sipp.mjs'
import { readWav, share } from '../lib/sound.mjs'

const CITIZEN = '13812340001'
const CITIZEN_HZ = 440
const AGENT_HZ = 1000

let server
let browser
before(async () => {
  server = await Server.start()
  browser = await launch({ hz: AGENT_HZ })
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

test('from a ringing phone to a rated, archived order', async (t) => {
  const agent = await Api.signIn(server.url, account('agent'))
  const leader = await Api.signIn(server.url, account('city_leader'))
  const before = await leader.get('/overview')
  const desk = await open(browser, server.url)
  let call
  let order
  let id

  /** A later step makes no sense without the earlier ones, so the first failure ends the story. */
  async function steps(list) {
    for (const [name, body] of list) {
      let failed = false
      await t.test(name, async () => {
        try {
          await body()
        } catch (error) {
          failed = true
          error.message += `\nproblems on the page: ${JSON.stringify(desk.problems)}\nserver log: …${server.tail(1500)}`
          throw error
        }
      })
      if (failed) throw new Error(`the story ended at: ${name}`)
    }
  }

  const citizenHears = (hz) => share(call.telephone.last(1), hz)

  /** Signs somebody in, opens the order, does one thing, and waits until the order has moved on. */
  async function doAs(role, action, prepare = async () => {}) {
    const person = await Api.signIn(server.url, account(role))
    const { version } = await person.get(`/cases/${id}`)
    const page = await open(browser, server.url)
    await signIn(page, account(role))
    if (action !== 'close') {
      await page.goto('/desk/tasks')
      await page.getByTestId('task-row').first().waitFor()
    }
    await page.goto(`/desk/cases/${id}`)
    await click(page, `case-action-${action}`)
    await prepare(page)
    await click(page, 'action-submit')
    await until(`${action} is done`, async () => (await person.get(`/cases/${id}`)).version > version)
    assert.deepEqual(page.problems, [])
    await page.context().close()
  }

  await steps([
    ['the agent takes a seat in the browser', async () => {
      await signIn(desk, account('agent'))
      await takeSeat(desk)
    }],
    ['a citizen calls and hears the greeting', async () => {
      call = await dial(server, { from: CITIZEN, hz: CITIZEN_HZ })
      await call.answered()
    }],
    ['the screen pops no later than it rings', async () => {
      const seen = (name) => desk.getByTestId(name).first().waitFor().then(() => performance.now())
      const [popped, rang] = await Promise.all([seen('pop-caller'), seen('call-answer')])
      assert.ok(popped <= rang + 150, `popped ${Math.round(popped - rang)} ms after the ring`)
      assert.match(await text(desk, 'pop-caller'), /^138/)
    }],
    ['both hear each other', async () => {
      await click(desk, 'call-answer')
      await seatState(desk, 'talking')
      await until('the citizen hears the agent', () => citizenHears(AGENT_HZ) > 0.5)
      assert.ok((await heardShare(desk, CITIZEN_HZ)) > 0.5, 'the agent does not hear the citizen')
    }],
    ['hold parts them, resume joins them', async () => {
      await click(desk, 'call-hold')
      await until('the citizen no longer hears the agent', () => citizenHears(AGENT_HZ) < 0.1)
      assert.ok((await heardShare(desk, CITIZEN_HZ, 1)) < 0.1, 'the agent still hears the citizen')
      await click(desk, 'call-hold')
      await until('the citizen hears the agent again', () => citizenHears(AGENT_HZ) > 0.5)
    }],
    ['mute silences the agent only', async () => {
      await click(desk, 'call-mute')
      await until('the citizen hears nothing of the agent', () => citizenHears(AGENT_HZ) < 0.1)
      assert.ok((await heardShare(desk, CITIZEN_HZ)) > 0.5)
      await click(desk, 'call-mute')
      await until('the citizen hears the agent again', () => citizenHears(AGENT_HZ) > 0.5)
    }],
    ['a digit of the citizen does not disturb the call', async () => {
      await call.telephone.press('5')
      await until('the citizen hears the agent', () => citizenHears(AGENT_HZ) > 0.5)
    }],
    ['the agent writes an order', async () => {
      order = await writeOrder(desk, {
        category: '物业服务差',
        name: '赵小满',
        address: '和平路 18 号 3 栋',
        title: '电梯停运三天无人维修',
        content: '3 栋电梯自周一起停运，物业电话无人接听，楼上有行动不便的老人，希望尽快维修。',
      })
      assert.match(order.number, /\d{6,}/)
      assert.match(order.code, /\w{4,}/)
      ;({ id } = items(await agent.get(`/cases?q=${order.number}`)).find((one) => one.number === order.number))
    }],
    ['the agent hangs up', async () => {
      await click(desk, 'call-hangup')
      await call.over()
    }],
    ['the recording is bound to the order, the citizen left and the agent right', async () => {
      const recording = await until('the recording is finished', async () => (await agent.get(`/cases/${id}`)).recordings[0])
      const response = await agent.raw('GET', `/voice/recordings/${recording.id}/audio`)
      assert.equal(response.status, 200)
      const { rate, channels } = readWav(Buffer.from(await response.arrayBuffer()))
      assert.equal(channels.length, 2)
      const loudest = (samples, hz) => {
        let best = 0
        for (let at = 0; at + rate <= samples.length; at += rate / 2) best = Math.max(best, share(samples.subarray(at, at + rate), hz, rate))
        return best
      }
      assert.ok(loudest(channels[0], CITIZEN_HZ) > 0.8, 'the citizen is not on the left')
      assert.ok(loudest(channels[1], AGENT_HZ) > 0.8, 'the agent is not on the right')
      assert.ok(loudest(channels[0], AGENT_HZ) < 0.2, 'the agent is on the left')
      const part = await agent.raw('GET', `/voice/recordings/${recording.id}/audio`, { headers: { range: 'bytes=0-99' } })
      assert.equal(part.status, 206)
      assert.equal((await part.arrayBuffer()).byteLength, 100)
    }],
    ['the shift leader reviews it', () => doAs('shift_leader', 'review')],
    ['the dispatcher sends it to a unit', () =>
      doAs('dispatcher', 'dispatch', (page) => pick(page, 'unit-picker', unitOf(account('unit_clerk')).name))],
    ['the limit explains itself', async () => {
      const deadlines = items(await agent.get(`/cases/${id}/deadlines`))
      assert.ok(deadlines.length > 0)
      assert.ok(deadlines.every((one) => one.explain.length > 0), JSON.stringify(deadlines))
    }],
    ['the unit accepts', () => doAs('unit_clerk', 'accept')],
    ["the unit's clerk may listen to the recording", async () => {
      const clerk = await Api.signIn(server.url, account('unit_clerk'))
      const { recordings } = await clerk.get(`/cases/${id}`)
      assert.equal((await clerk.raw('GET', `/voice/recordings/${recordings[0].id}/audio`)).status, 200)
      const other = await Api.signIn(server.url, account('audit_admin'))
      assert.ok([403, 404].includes((await other.raw('GET', `/voice/recordings/${recordings[0].id}/audio`)).status))
    }],
    ['the unit reports the result', () =>
      doAs('unit_clerk', 'feedback', (page) => fill(page, 'action-result', '已协调维保单位更换曳引机配件，电梯恢复运行并回访业主。'))],
    ['the centre reviews the result', () => doAs('reviewer', 'result_review')],
    ['the centre asks the citizen', async () => {
      const asker = await whoMay(server, id, 'return_visit', ['reviewer', 'agent', 'shift_leader'])
      await doAs(asker, 'return_visit', (page) => fill(page, 'action-comment', '市民对结果满意'))
    }],
    ['the order is archived', async () => {
      const closer = await whoMay(server, id, 'closure', ['reviewer', 'shift_leader'])
      await doAs(closer, 'close')
      const closed = await agent.get(`/cases/${id}`)
      assert.equal(closed.status, 'archived')
    }],
    ['the citizen looks it up and rates it', async () => {
      const page = await open(browser, server.url, { viewport: { width: 390, height: 844 } })
      await page.goto('/')
      if (!(await page.getByTestId('portal-lookup-number').isVisible().catch(() => false))) {
        await page.goto('/lookup')
      }
      await fill(page, 'portal-lookup-number', order.number)
      await fill(page, 'portal-lookup-code', order.code)
      await click(page, 'portal-lookup-submit')
      await click(page, 'rate-star-5')
      await click(page, 'rate-submit')
      await until('the rating is stored', async () => (await agent.get(`/cases/${id}`)).rating?.stars === 5)
      assert.deepEqual(page.problems, [])
      const wrong = await new Api(server.url).raw('GET', `/portal/cases/${order.number}?code=000000`)
      assert.ok([403, 404].includes(wrong.status), `a wrong code gives ${wrong.status}`)
      await page.context().close()
    }],
    ['the figures moved', async () => {
      const now = await until('the overview counts the order', async () => {
        const now = await leader.get('/overview')
        return JSON.stringify(now) !== JSON.stringify(before) && now
      })
      const total = (overview) => overview.totals?.created ?? overview.totals?.total ?? overview.total
      assert.ok(total(now) > total(before), `${JSON.stringify(before.totals)} became ${JSON.stringify(now.totals)}`)
      await agent.get('/figures/me')
      await agent.get('/voice/figures/me')
    }],
    ['the whole story stands in the time line, and the audit chain holds', async () => {
      const line = items(await agent.get(`/cases/${id}/timeline`))
      assert.ok(line.length >= 9, JSON.stringify(line.map((entry) => entry.kind)))
      const auditor = await Api.signIn(server.url, account('audit_admin'))
      const verification = await auditor.get('/audit/verification')
      assert.ok(verification.ok ?? verification.valid ?? verification.intact, JSON.stringify(verification))
      assert.deepEqual(desk.problems, [])
    }],
  ])
})

/** The first of some roles whose person may do an action with the order now. */
async function whoMay(city, id, action, roles) {
  const seen = []
  for (const role of roles) {
    const { allowed } = await (await Api.signIn(city.url, account(role))).get(`/cases/${id}`)
    if (allowed.includes(action)) return role
    seen.push(`${role}: ${allowed}`)
  }
  assert.fail(`nobody may ${action}: ${seen.join('; ')}`)
}
