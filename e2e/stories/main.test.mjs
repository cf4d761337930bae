/**
 * The main story: a citizen calls, an agent in the browser answers and writes an
 * order, the order goes through the city and comes back, the citizen looks it up
 * and rates it, the figures move.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Api } from '../lib/api.mjs'
import { heardShare, launch, open, watchFor } from '../lib/browser.mjs'
import { account, unitOf } from '../lib/city.mjs'
import { category, draft, items } from '../lib/flow.mjs'
import { click, fill, pick, seatState, signIn, takeSeat, text, writeOrder } from '../lib/pages.mjs'
import { until } from '../lib/processes.mjs'
import { Server } from '../lib/server.mjs'
import { dial } from '../lib/sipp.mjs'
import { likeness, loudest, prompt, readWav, share } from '../lib/sound.mjs'

const CITIZEN = '13812340001'
const CITIZEN_HZ = 440
const AGENT_HZ = 1000
const MUSIC = prompt('hold_music')

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
  // An earlier order of the same citizen, for the screen pop to show.
  const { id: category_id } = category(await agent.get('/categories'), '路灯不亮')
  const earlier = await agent.post('/cases', draft(category_id, { phone: CITIZEN }))
  const before = await leader.get('/overview')
  const { answered: answeredBefore } = await agent.get('/voice/figures/me')
  const desk = await open(browser, server.url)
  await watchFor(desk, ['pop-caller', 'call-answer'])
  const pages = new Map()
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

  /** The page of somebody of the staff, who stays signed in for the whole story. */
  async function pageOf(role) {
    if (!pages.has(role)) {
      const page = await open(browser, server.url)
      await signIn(page, account(role))
      pages.set(role, page)
    }
    return pages.get(role)
  }

  /** Somebody opens the order, does one thing, and waits until the order has moved on. */
  async function doAs(role, action, prepare = async () => {}) {
    const person = await Api.signIn(server.url, account(role))
    const { version, tasks } = await person.get(`/cases/${id}`)
    const page = await pageOf(role)
    if (action !== 'close') {
      // The demonstration's people have more to do than fits one page.
      await page.goto(`/desk/tasks?step=${tasks.at(-1).step}`)
      await page.getByTestId('task-row').filter({ hasText: order.number }).first().waitFor()
    }
    await page.goto(`/desk/cases/${id}`)
    await click(page, `case-action-${action}`)
    await prepare(page)
    await click(page, 'action-submit')
    await until(`${action} is done`, async () => (await person.get(`/cases/${id}`)).version > version)
    assert.deepEqual(page.problems, [])
  }

  /** The lines of the call's record of one kind. */
  async function noted(kind) {
    const { id: call_id } = items(await agent.get(`/voice/calls?q=${CITIZEN}`))[0]
    return (await agent.get(`/voice/calls/${call_id}`)).events.filter((event) => event.kind === kind).map((event) => event.detail)
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
      await desk.getByTestId('call-answer').waitFor()
      const seen = await desk.evaluate(() => window.__seen)
      assert.ok(seen['pop-caller'] <= seen['call-answer'], `rang ${seen['pop-caller'] - seen['call-answer']} ms before it popped`)
      assert.match(await text(desk, 'pop-caller'), /^138/)
      assert.match(await text(desk, 'pop-contact'), /测试市民/)
      assert.ok((await text(desk, 'pop-case')).includes(earlier.number), 'the earlier order is not shown')
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
      await until('the citizen hears the music', () =>
        likeness(MUSIC, loudest(call.telephone.last(0.4), 0.1)) > 0.9)
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
    ['digits arrive from both sides and do not disturb the call', async () => {
      await call.telephone.press('5')
      await click(desk, 'call-keypad')
      await click(desk, 'digit-7')
      await click(desk, 'call-keypad')
      await desk.getByTestId('digit-7').waitFor({ state: 'hidden' })
      await until('both digits are noted', async () => {
        const digits = await noted('digit')
        return digits.includes('citizen 5') && digits.includes('agent 7')
      })
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
      const { result, hung_up_by } = await until('the call is over', async () => {
        const [row] = items(await agent.get(`/voice/calls?q=${CITIZEN}`))
        return row.ended_at && row
      })
      assert.equal(result, 'answered')
      assert.match(hung_up_by, /^(agent|screen)$/)
    }],
    ['the recording is bound to the order, the citizen left and the agent right', async () => {
      const recording = await until('the recording is finished', async () => (await agent.get(`/cases/${id}`)).recordings[0])
      const response = await until('the recording can be had', async () => {
        const response = await agent.raw('GET', `/voice/recordings/${recording.id}/audio`)
        return response.status === 200 && response
      })
      const { rate, channels } = readWav(Buffer.from(await response.arrayBuffer()))
      assert.equal(channels.length, 2)
      // Greeting, ringing tone and music are on the right too, so only a time in which both speak tells.
      const parts = []
      for (let at = 0; at + rate <= channels[0].length; at += rate / 2) {
        const [left, right] = channels.map((samples) => samples.subarray(at, at + rate))
        parts.push({
          left: [share(left, CITIZEN_HZ, rate), share(left, AGENT_HZ, rate)],
          right: [share(right, CITIZEN_HZ, rate), share(right, AGENT_HZ, rate)],
        })
      }
      const isApart = ({ left, right }) => left[0] > 0.8 && left[1] < 0.02 && right[0] < 0.02 && right[1] > 0.8
      assert.ok(parts.some(isApart), `nowhere is the citizen on the left and the agent on the right: ${JSON.stringify(parts)}`)
      const part = await agent.raw('GET', `/voice/recordings/${recording.id}/audio`, { headers: { range: 'bytes=0-99' } })
      assert.equal(part.status, 206)
      assert.equal((await part.arrayBuffer()).byteLength, 100)
    }],
    ['the shift leader reviews it', () => doAs('shift_leader', 'review')],
    ['the dispatcher sends it to a unit', () =>
      doAs('dispatcher', 'dispatch', async (page) => {
        await pick(page, 'unit-picker', unitOf(account('unit_clerk')).name)
        // Another unit than the catalogue proposes needs a reason.
        const reason = page.getByTestId('override-reason')
        const asked = await reason.waitFor({ timeout: 5000 }).then(() => true, () => false)
        if (asked) await reason.fill('由主管局直接办理')
      })],
    ['the limit explains itself', async () => {
      const deadlines = items(await agent.get(`/cases/${id}/deadlines`))
      assert.ok(deadlines.length > 0)
      assert.ok(deadlines.every((one) => one.explain.length > 0), JSON.stringify(deadlines))
    }],
    ['the unit accepts', () => doAs('unit_clerk', 'accept')],
    ["the unit's clerk listens to the recording, the auditor may not", async () => {
      const clerk = await Api.signIn(server.url, account('unit_clerk'))
      const { recordings } = await clerk.get(`/cases/${id}`)
      assert.equal((await clerk.raw('GET', `/voice/recordings/${recordings[0].id}/audio`)).status, 200)
      const page = await pageOf('unit_clerk')
      await click(page, 'player-toggle')
      await page.waitForFunction(() => document.querySelector('audio.y-player').currentTime > 1)
      const other = await Api.signIn(server.url, account('audit_admin'))
      assert.ok([403, 404].includes((await other.raw('GET', `/voice/recordings/${recordings[0].id}/audio`)).status))
    }],
    ['the unit reports the result', () =>
      doAs('unit_clerk', 'feedback', (page) => fill(page, 'action-result', '已协调维保单位更换曳引机配件，电梯恢复运行并回访业主。'))],
    ['the centre reviews the result', () => doAs('reviewer', 'result_review')],
    ['the centre asks the citizen', async () => {
      const asker = await whoMay(server, id, 'return_visit', ['reviewer', 'agent', 'shift_leader'])
      await doAs(asker, 'return_visit', async (page) => {
        await click(page, 'visit-star-4')
        await fill(page, 'action-comment', '市民表示电梯已恢复')
      })
    }],
    ['the order is archived', async () => {
      const closer = await whoMay(server, id, 'closure', ['reviewer', 'shift_leader'])
      await doAs(closer, 'close', (page) => fill(page, 'action-reason', '办结归档'))
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
      assert.match(await text(page, 'portal-lookup-result'), /电梯恢复运行/)
      await click(page, 'rate-star-2')
      await fill(page, 'rate-comment', '第二天又停了')
      await click(page, 'rate-submit')
      await page.getByTestId('rate-thanks').waitFor()
      assert.equal(await page.getByTestId('rate-submit').count(), 0, 'the citizen may rate twice')
      assert.equal((await agent.get(`/cases/${id}`)).rating, 2)
      assert.deepEqual(page.problems, [])
      const wrong = await new Api(server.url).raw('GET', `/portal/cases/${order.number}?code=000000`)
      assert.ok([403, 404].includes(wrong.status), `a wrong code gives ${wrong.status}`)
      await page.context().close()
    }],
    ['the bad rating is on the list of the shift leader, who sees to it', async () => {
      const page = await pageOf('shift_leader')
      await page.goto('/desk/ratings')
      const row = page.getByTestId('rating-row').filter({ hasText: order.number })
      await row.filter({ hasText: '第二天又停了' }).getByTestId('rating-follow-up').click()
      await fill(page, 'follow-up-opinion', '请住建局复查电梯')
      await click(page, 'follow-up-submit')
      await row.waitFor({ state: 'detached' })
      assert.deepEqual(page.problems, [])
    }],
    ['the figures moved', async () => {
      const moved = ({ totals }) => [totals.total - before.totals.total, totals.settled - before.totals.settled]
      await until('the overview counts the order', async () => {
        assert.deepEqual(moved(await leader.get('/overview')), [1, 1])
        return true
      })
      const page = await pageOf('city_leader')
      await page.goto('/desk/overview')
      await page.getByText('第二天又停了').or(page.getByText('电梯停运三天无人维修')).first().waitFor()
      assert.deepEqual(page.problems, [])
      assert.ok((await agent.get('/figures/me')).today.written >= 1)
      assert.equal((await agent.get('/voice/figures/me')).answered, answeredBefore + 1)
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
