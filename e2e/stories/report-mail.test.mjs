/**
 * A leader subscribes to a report on its page and has it sent at once: the letter arrives with an
 * Excel file, and the record says so. The list pauses and ends it; the page of hot and hard matters
 * and the forecast by half hour are looked at on the way.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Api } from '../lib/api.mjs'
import { launch, open } from '../lib/browser.mjs'
import { account } from '../lib/city.mjs'
import { assertTidy, click, signIn } from '../lib/pages.mjs'
import { until } from '../lib/processes.mjs'
import { Server } from '../lib/server.mjs'
import { MailServer } from '../lib/smtp.mjs'

let server
let browser
let mail
const look = async (page, name) => process.env.YIHAO_PICTURES && page.screenshot({ path: join(process.env.YIHAO_PICTURES, `${name}.png`) })

before(async () => {
  mail = await MailServer.start()
  server = await Server.start({ settings: mail.settings })
  browser = await launch()
})
after(async () => {
  await browser?.close()
  await server?.stop()
  mail?.stop()
})

test('a report is subscribed to on its page and arrives by mail', async () => {
  const leader = await Api.signIn(server.url, account('hotline_manager'))
  await until('the facts are built', async () => !(await leader.get('/reports/unit?from=2026-01-01&to=2026-01-31')).building)
  const page = await open(browser, server.url)
  await signIn(page, account('hotline_manager'))
  await page.goto('/desk/reports/unit?kind=week')
  await page.getByTestId('report-line').first().waitFor()
  await click(page, 'mail-report')
  await page.getByTestId('mailing-name').waitFor()
  assert.equal(await page.getByTestId('mailing-span').inputValue(), 'last_week')
  assert.equal(await page.getByTestId('mailing-every').inputValue(), 'week')
  await page.getByTestId('mailing-name').fill('每周各单位情况')
  await page.getByTestId('mailing-find').fill(account('city_leader').slice(0, 4))
  await page.getByTestId('mailing-found').first().click()
  assert.equal(await page.getByTestId('mailing-receiver').count(), 2)
  await look(page, 'mailing-dialog')
  await assertTidy(page, 'the dialog of a subscription')
  await click(page, 'dialog-save')
  const row = page.getByTestId('mailing').filter({ hasText: '每周各单位情况' })
  await row.waitFor()
  await row.getByTestId('mailing-now').click()
  await until('the letter arrives', async () => mail.letters.length > 0, { limitMs: 90_000 })
  assert.match(mail.letters[0], /^To: .*@yunzhou\.example/m)
  assert.match(mail.letters[0], /spreadsheetml\.sheet/)
  await row.getByText('已发送').waitFor()
  await look(page, 'mailings')
  await assertTidy(page, 'the list of subscriptions')
  await row.getByTestId('mailing-runs').click()
  await page.getByTestId('mailing-run').first().waitFor()
  await look(page, 'mailing-runs')
  await page.keyboard.press('Escape')
  await row.getByTestId('mailing-pause').click()
  await row.getByText('已暂停').waitFor()
  await page.reload()
  await row.getByText('已暂停').waitFor()
  await row.getByTestId('mailing-end').click()
  await page.locator('.el-message-box .el-button--primary').click()
  await row.waitFor({ state: 'detached' })
  await page.context().close()
})

test('hot and hard matters, and the forecast by half hour, are seen', async () => {
  const page = await open(browser, server.url)
  await signIn(page, account('hotline_manager'))
  await page.goto('/desk/reports')
  await click(page, 'to-problems')
  await page.getByTestId('problems-hot').locator('tbody a').first().waitFor()
  await page.getByTestId('problem-months').selectOption('3')
  await page.getByTestId('problem-measure').selectOption('satisfaction_rate')
  await until('the address keeps what was chosen', async () => page.url().includes('months=3') && page.url().includes('satisfaction_rate'))
  await look(page, 'problems')
  await assertTidy(page, 'hot and hard matters')
  await page.goto('/desk/forecast')
  await page.getByTestId('forecast-hours').waitFor()
  await page.getByTestId('forecast-slot').selectOption('30')
  await page.getByTestId('forecast-hours').getByText('10:30').waitFor()
  assert.equal(await page.getByTestId('forecast-hours').locator('tbody tr').count(), 48)
  await look(page, 'forecast-half')
  await assertTidy(page, 'the forecast by half hour')
  await page.context().close()
})
