/**
 * What agents and supervisors do with a running call, in three browsers: ask, confer,
 * hand over, listen, take over; afterwards the call is played back.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Api } from '../lib/api.mjs'
import { heardShare, launch, open } from '../lib/browser.mjs'
import { account, accounts } from '../lib/city.mjs'
import { items } from '../lib/flow.mjs'
import { assertTidy, click, fill, seatState, signIn, takeSeat } from '../lib/pages.mjs'
import { until } from '../lib/processes.mjs'
import { Server } from '../lib/server.mjs'
import { dial } from '../lib/sipp.mjs'
import { share } from '../lib/sound.mjs'

const CITIZEN = '13812340009'
const CITIZEN_HZ = 440
const STAFF_HZ = 1000

let server
let browser
before(async () => {
  server = await Server.start()
  browser = await launch({ hz: STAFF_HZ })
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

/** Takes a picture of a step, when somebody wants to look. */
async function picture(page, name) {
  if (process.env.YIHAO_PICTURES) await page.screenshot({ path: `${process.env.YIHAO_PICTURES}/${name}.png` })
}

test('an agent asks a colleague, they confer, the colleague keeps the citizen, the leader takes over', async () => {
  const names = accounts('agent')
  const [first, second] = [await desk(names[0]), await desk(names[1])]
  await takeSeat(first)
  const call = await dial(server, { from: CITIZEN, hz: CITIZEN_HZ })
  await first.getByTestId('call-answer').waitFor()
  await click(first, 'call-answer')
  await seatState(first, 'talking')
  const citizenHears = () => share(call.telephone.last(1), STAFF_HZ)
  await until('the citizen hears the first agent', () => citizenHears() > 0.5)

  // Whom to ask is found by searching.
  await takeSeat(second)
  await click(first, 'call-transfer')
  await first.getByTestId('destination').first().waitFor()
  await picture(first, 'transfer')
  await first.getByTestId('destination').first().click()
  await click(first, 'transfer-consult')
  await second.getByTestId('call-answer').waitFor()
  await picture(second, 'consulted')
  await until('the citizen hears music', () => citizenHears() < 0.1)
  await click(second, 'call-answer')
  await seatState(second, 'talking')
  await until('the colleague hears the agent and not the citizen', async () => (await heardShare(second, STAFF_HZ, 0.6)) > 0.3)
  assert.ok((await heardShare(second, CITIZEN_HZ, 1)) < 0.1)
  await picture(first, 'consulting')

  await click(first, 'make-conference')
  await until('the colleague hears the citizen', async () => (await heardShare(second, CITIZEN_HZ, 0.6)) > 0.2)
  await first.locator('[data-testid=call-party][data-role=member]').waitFor()
  await picture(first, 'conference')
  await click(first, 'call-hangup')
  await seatState(first, 'wrap_up')
  await click(first, 'call-note')
  await first.locator('label', { has: first.getByTestId('note-answered') }).click()
  await fill(first, 'note-text', '已转同事解答')
  await picture(first, 'summary')
  await click(first, 'note-save')
  await until('the citizen hears the colleague', () => citizenHears() > 0.5)

  // The shift leader listens, and takes the citizen over.
  const leader = await desk(account('shift_leader'))
  await takeSeat(leader)
  await leader.goto('/desk/running-calls')
  await leader.getByTestId('running-row').first().waitFor()
  await click(leader, 'supervise-listen')
  await seatState(leader, 'talking')
  await until('the leader hears the citizen', async () => (await heardShare(leader, CITIZEN_HZ, 0.6)) > 0.2)
  await picture(leader, 'running')
  await assertTidy(leader, 'the running calls')
  await click(leader, 'supervise-take_over')
  await seatState(second, 'wrap_up')
  await until('the citizen hears the leader', () => citizenHears() > 0.5)
  await click(leader, 'call-hangup')
  await call.over()

  // The call is played back, with both voices.
  const api = await Api.signIn(server.url, account('shift_leader'))
  const { id } = items(await api.get(`/voice/calls?q=${CITIZEN}`))[0]
  await until('the recording is whole', async () => (await api.get(`/voice/calls/${id}`)).ended_at)
  await leader.goto(`/desk/calls?call=${id}`)
  await leader.getByTestId('wave').waitFor()
  await leader.getByTestId('call-replay').waitFor()
  await picture(leader, 'replay')
  await click(leader, 'recording-download')
  await fill(leader, 'download-reason', '投诉复核')
  await click(leader, 'dialog-save')
  await until('the download is filed', async () => {
    const { recording_id } = await api.get(`/voice/calls/${id}`)
    return items(await api.get(`/voice/recordings/${recording_id}/downloads`)).some((row) => row.reason === '投诉复核')
  })
  for (const page of [first, second, leader]) assert.deepEqual(page.problems, [])
})

test('the books are kept in administration', async () => {
  const page = await desk(account('shift_leader'))
  await page.goto('/desk/admin/phone-book')
  await click(page, 'book-new')
  await fill(page, 'book-name', '供水公司')
  await fill(page, 'book-number', '96390')
  await click(page, 'dialog-save')
  await page.getByTestId('book-row').filter({ hasText: '96390' }).waitFor()
  await assertTidy(page, 'the phone book')
  await picture(page, 'book')
  await page.goto('/desk/admin/standard-phrases')
  await click(page, 'phrase-new')
  await fill(page, 'phrase-topic', '开场')
  await fill(page, 'phrase-title', '问候')
  await fill(page, 'phrase-body', '您好，12345热线，请问有什么可以帮您？')
  await click(page, 'dialog-save')
  await page.getByTestId('phrase-row').filter({ hasText: '问候' }).waitFor()
  await assertTidy(page, 'the standard phrases')
  await picture(page, 'phrases')
  assert.deepEqual(page.problems, [])
})
