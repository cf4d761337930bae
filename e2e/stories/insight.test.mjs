/**
 * An order moves and a report's cell changes with it; behind the cell stands the order; a unit's
 * reader sees only the own rows; the Excel file opens.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { Api } from '../lib/api.mjs'
import { launch, open } from '../lib/browser.mjs'
import { account } from '../lib/city.mjs'
import { category, clerksUnit, draft, handle, staff } from '../lib/flow.mjs'
import { assertTidy, click, signIn } from '../lib/pages.mjs'
import { until } from '../lib/processes.mjs'
import { Server } from '../lib/server.mjs'

let server
let browser
let people
before(async () => {
  server = await Server.start()
  browser = await launch()
  people = await staff(server.url)
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

const today = () => new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10)
const ask = (api, query = '') => api.get(`/reports/unit?from=${today()}&to=${today()}&measures=created,settled${query}`)

test('an order moves and a cell of the report changes; the order stands behind it', async () => {
  const leader = await Api.signIn(server.url, account('hotline_manager'))
  const unit = await clerksUnit(people.dispatcher)
  const cell = async () => (await ask(leader)).lines.find((line) => line.keys[0] === unit.id)?.values ?? [0, 0]
  await until('the facts are built', async () => !(await ask(leader)).building)
  const [created, settled] = await cell()
  const kind = category(await people.agent.get('/categories'), '路灯不亮')
  const order = await people.agent.post('/cases', draft(kind.id, { title: '报表故事里的路灯' }))
  await handle(people, order.id)
  await until('the report knows the order', async () => {
    const now = await cell()
    return now[0] === created + 1 && now[1] === settled + 1
  })

  const page = await open(browser, server.url)
  await signIn(page, account('hotline_manager'))
  await page.goto('/desk/reports')
  await click(page, 'report-unit')
  const row = page.getByTestId('report-line').filter({ hasText: unit.name })
  await row.getByTestId('cell-created').click()
  await page.getByTestId('behind-case').filter({ hasText: '报表故事里的路灯' }).waitFor()
  await page.keyboard.press('Escape')
  assert.match(await page.getByTestId('balance').textContent(), /平衡/)
  await assertTidy(page, 'the report of units')

  const waiting = page.waitForEvent('download')
  await click(page, 'export')
  const file = readFileSync(await (await waiting).path())
  assert.equal(file.subarray(0, 2).toString(), 'PK', 'the Excel file is no archive')
})

test("a unit's reader sees only the own rows", async () => {
  const path = '/reports/unit?from=2020-01-01&to=2029-12-31&measures=created'
  const reader = await Api.signIn(server.url, account('unit_admin'))
  const leader = await Api.signIn(server.url, account('hotline_manager'))
  await until('the facts are built', async () => !(await leader.get(path)).building)
  const [answer, all] = [await reader.get(path), await leader.get(path)]
  assert.ok(answer.totals[0] < all.totals[0], 'the unit sees as much as the centre')
  assert.ok(answer.lines.length < all.lines.length, 'the unit sees the rows of others')
  const clerk = await Api.signIn(server.url, account('unit_clerk'))
  assert.equal((await clerk.raw('GET', '/reports')).status, 403)
})
