/**
 * What an agent keeps and writes beside the call: a phrase of the own that the citizen hears, fields that the city
 * asks for, the line that is let go by hand, and messages by telephone.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { launch, open } from '../lib/browser.mjs'
import { account, accounts } from '../lib/city.mjs'
import { assertTidy, click, fill, seatState, signIn, takeSeat } from '../lib/pages.mjs'
import { until } from '../lib/processes.mjs'
import { Server, scratch } from '../lib/server.mjs'
import { dial } from '../lib/sipp.mjs'
import { share, tone, writeWav } from '../lib/sound.mjs'

const CITIZEN = '13812340021'
const PHRASE_HZ = 1300

let server
let browser
before(async () => {
  server = await Server.start({ voice: { wrap_up_secs: 300 } })
  browser = await launch({ hz: 700 })
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

/** Takes a picture of a step, when somebody wants to look. */
async function picture(page, name) {
  if (process.env.YIHAO_PICTURES) await page.screenshot({ path: `${process.env.YIHAO_PICTURES}/${name}.png` })
}

test('a city defines fields, an agent fills them in, plays an own phrase and lets go by hand', async () => {
  const boss = await open(browser, server.url)
  await signIn(boss, account('shift_leader'))
  await boss.goto('/desk/admin/summary-fields')
  await click(boss, 'field-add')
  await fill(boss, 'field-zh', '来电主题')
  await fill(boss, 'field-key', 'topic')
  await boss.getByTestId('field-kind').selectOption('choice')
  await fill(boss, 'field-options', '供水\n供电\n噪声')
  await picture(boss, 'summary-fields')
  await click(boss, 'fields-save')
  await boss.getByText('有未保存的修改').waitFor({ state: 'detached' })
  await assertTidy(boss, 'summary fields')

  const agent = await open(browser, server.url)
  await signIn(agent, accounts('agent')[0])
  await agent.getByLabel('电话设置').click()
  await click(agent, 'own-phrases')
  await fill(agent, 'own-title', '材料说明')
  const file = writeWav(join(scratch('phrase'), 'phrase.wav'), tone(PHRASE_HZ, 3, 16_000), 16_000)
  await agent.getByTestId('own-file').setInputFiles(file)
  await agent.getByTestId('own-row').first().waitFor()
  await picture(agent, 'own-phrases')
  await agent.keyboard.press('Escape')
  await agent.getByLabel('电话设置').click()
  await agent.getByTestId('release-by-hand').click()
  await picture(agent, 'telephone-settings')
  await agent.getByLabel('电话设置').click()
  await takeSeat(agent)

  const call = await dial(server, { from: CITIZEN, hz: 440, hangUpAfterMs: 25_000 })
  await agent.getByTestId('call-answer').waitFor()
  await click(agent, 'call-answer')
  await seatState(agent, 'talking')
  await click(agent, 'call-more')
  await picture(agent, 'say')
  await click(agent, 'say-own-材料说明')
  await until('the citizen hears the phrase', () => share(call.telephone.last(1), PHRASE_HZ) > 0.3)
  await click(agent, 'call-more')
  await seatState(agent, 'line_open', 40_000)
  await call.over()
  await picture(agent, 'line-open')
  await click(agent, 'call-hangup')
  await seatState(agent, 'wrap_up')
  await click(agent, 'call-note')
  await agent.locator('label', { has: agent.getByTestId('note-answered') }).click()
  await agent.getByTestId('field-topic').selectOption('供电')
  await fill(agent, 'note-text', '已告知')
  await picture(agent, 'note-fields')
  await click(agent, 'note-save')

  await boss.goto('/desk/calls')
  await boss.getByText('来电主题：供电').first().waitFor()
  await picture(boss, 'calls')
  await boss.getByTestId('call-row').first().click()
  await boss.getByTestId('call-trace').waitFor()
  await picture(boss, 'call-detail')
  assert.deepEqual([...boss.problems, ...agent.problems], [])
})

test('somebody who sees to messages sets a code for hearing them by telephone', async () => {
  const page = await open(browser, server.url)
  await signIn(page, accounts('agent')[1])
  await page.goto('/desk/voicemail')
  await click(page, 'message-by-phone')
  await page.getByTestId('pin-number').waitFor()
  await fill(page, 'pin-digits', '274913')
  await picture(page, 'message-pin')
  await click(page, 'dialog-save')
  await page.getByTestId('pin-digits').waitFor({ state: 'detached' })
  await click(page, 'message-by-phone')
  await page.getByTestId('pin-remove').waitFor()
  await assertTidy(page, 'messages')
  assert.deepEqual(page.problems, [])
})
