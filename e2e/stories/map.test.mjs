/**
 * An order written with a place on the map stands there for a leader, in its district and behind a click;
 * a unit sees its own orders only; what a machine pushes shows on the map; areas are imported on screen.
 */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Api } from '../lib/api.mjs'
import { launch, open } from '../lib/browser.mjs'
import { account } from '../lib/city.mjs'
import { category, draft, staff } from '../lib/flow.mjs'
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

const day = (back) => new Date(Date.now() + 8 * 3_600_000 - back * 86_400_000).toISOString().slice(0, 10)
const span = `from=${day(29)}&to=${day(0)}`

test('an order with a place stands on the map, in its district and in the list behind it', async () => {
  const leader = await Api.signIn(server.url, account('city_leader'))
  await until('the facts are built', async () => (await leader.get(`/map/orders?${span}`)).total > 50)
  const kind = category(await people.agent.get('/categories'), '路灯不亮')
  const place = { district: '澜溪区', address: '听澜路 1 号', lng: 112.50123, lat: 30.22951 }
  const order = await people.agent.post('/cases', { ...draft(kind.id, { title: '地图故事里的路灯' }), place })
  const before = await leader.get(`/map/orders?${span}&kind=street`)
  const street = before.areas.find((area) => area.name === '听澜街道')
  assert.ok(street, 'the demonstration city has its streets')
  await until('the map knows the order', async () => {
    const rows = await leader.get(`/map/orders/rows?${span}&area_id=${street.id}`)
    return rows.items.some((one) => one.id === order.id)
  })
  // A unit's reader is shown the own orders only.
  const unit = await Api.signIn(server.url, account('unit_admin'))
  const own = await unit.get(`/map/orders?${span}`)
  const all = await leader.get(`/map/orders?${span}`)
  assert.ok(own.total > 0 && own.total < all.total / 2, `${own.total} of ${all.total}`)

  const page = await open(browser, server.url)
  await signIn(page, account('city_leader'))
  await page.goto('/desk/map')
  await page.getByTestId('map-area-row').first().waitFor()
  const canvas = page.locator('[data-testid="map-canvas"] canvas').first()
  await canvas.waitFor()
  await page.waitForTimeout(1500)
  assert.match(await page.locator('.ol-attribution').textContent(), /云州市/)
  await assertTidy(page, 'the map of orders')
  await click(page, 'map-kind-street')
  await page.getByTestId('map-area-row').filter({ hasText: '听澜街道' }).getByRole('button').click()
  await page.getByTestId('map-order').filter({ hasText: '地图故事里的路灯' }).waitFor()
  assert.match(page.url(), /kind=street/)
  assert.match(page.url(), /area=/)
  await click(page, 'map-back')
  await click(page, 'map-show-areas')
  await page.waitForTimeout(600)
  await assertTidy(page, 'the map coloured by count')
  // The days play, and the numbers of the table follow.
  await click(page, 'map-play')
  await until('the play comes to the second day', async () => /^\d{4}-\d\d-\d\d/.test(await page.getByTestId('map-day').textContent()))
  await click(page, 'map-play')
  await page.context().close()
})

test('the place is picked on the map when an order is written, and shown with it', async () => {
  const page = await open(browser, server.url)
  await signIn(page, account('agent'))
  const kind = category(await people.agent.get('/categories'), '路灯不亮')
  const order = await people.agent.post('/cases', { ...draft(kind.id, { title: '有位置的工单' }), place: { address: '听澜路', lng: 112.50123, lat: 30.22951 } })
  await page.goto(`/desk/cases/${order.id}`)
  await page.getByTestId('place-mini').waitFor()
  await page.goto('/desk/work')
  await click(page, 'order-place')
  await page.getByTestId('place-typed').fill('30.2400, 112.5300')
  await page.getByTestId('place-crs').selectOption('gcj02')
  await click(page, 'place-take')
  await until('the coordinates are converted', async () => /112\.52\d+, 30\.24\d+/.test(await page.getByTestId('place-chosen').textContent()))
  await assertTidy(page, 'picking a place')
  await click(page, 'place-use')
  assert.match(await page.getByTestId('place-shown').textContent(), /112\.52\d+, 30\.24\d+/)
  await page.context().close()
})

test('a citizen points to the place without an account', async () => {
  const page = await open(browser, server.url)
  await page.goto('/submit')
  await click(page, 'portal-submit-place')
  await page.locator('[data-testid="map-canvas"] canvas').first().waitFor()
  await page.waitForTimeout(800)
  await page.getByTestId('map-canvas').click({ position: { x: 200, y: 160 } })
  await until('a place is chosen', async () => /112\.\d+, 30\.\d+/.test(await page.getByTestId('place-chosen').textContent()))
  await click(page, 'place-use')
  await page.getByTestId('place-shown').waitFor()
  await page.context().close()
})

test('a machine pushes with its key, and the map shows it', async () => {
  const page = await open(browser, server.url)
  await signIn(page, account('hotline_manager'))
  await page.goto('/desk/admin/feeds')
  await click(page, 'feed-add')
  await page.getByTestId('feed-name').fill('故事气象局')
  await page.getByTestId('feed-kind-weather').check()
  await click(page, 'dialog-save')
  const key = (await page.getByTestId('feed-key').textContent()).trim()
  const push = (kind) =>
    fetch(`${server.url}/api/v1/feeds/${kind}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ items: [{ id: 'story', at: Date.now(), name: '故事气象站', severity: 2, lng: 112.52, lat: 30.24, text: '暴雨', figures: { temp_c: 11, rain_mm_h: 22 } }] }),
    })
  assert.equal((await push('weather')).status, 200)
  assert.equal((await push('road')).status, 401)
  const leader = await Api.signIn(server.url, account('city_leader'))
  const seen = (await leader.get('/feeds?kind=weather')).find((one) => one.id === 'story')
  assert.deepEqual([seen.source, seen.severity, seen.stale], ['故事气象局', 2, false])
  await page.goto('/desk/map?feeds=weather,road')
  await page.locator('[data-testid="map-canvas"] canvas').first().waitFor()
  assert.ok(await page.getByTestId('map-feed-weather').isChecked())
  await page.context().close()
})

test('areas are imported on screen, and a bad file says what is wrong', async () => {
  const page = await open(browser, server.url)
  await signIn(page, account('system_admin'))
  await page.goto('/desk/admin/map-areas?kind=grid')
  await page.getByTestId('area-row').first().waitFor()
  await assertTidy(page, 'areas of the map')
  const file = join(tmpdir(), `areas-${process.pid}.geojson`)
  const ring = [[112.5, 30.2], [112.51, 30.2], [112.51, 30.21], [112.5, 30.2]]
  const write = (coordinates) => writeFileSync(file, JSON.stringify({ type: 'FeatureCollection', features: [{ type: 'Feature', properties: { name: '故事网格', code: 'GS1' }, geometry: { type: 'Polygon', coordinates: [coordinates] } }] }))
  write([[112.5, 130.2], ...ring.slice(1)])
  await click(page, 'areas-import')
  await page.getByTestId('areas-file').setInputFiles(file)
  await click(page, 'dialog-save')
  await page.getByRole('alert').filter({ hasText: '坐标' }).waitFor()
  write(ring)
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), click(page, 'areas-file')])
  await chooser.setFiles(file)
  await click(page, 'dialog-save')
  await page.getByRole('dialog').waitFor({ state: 'hidden' })
  await page.getByPlaceholder('查找名称或编码').fill('故事网格')
  await page.getByTestId('area-row').filter({ hasText: '故事网格' }).waitFor()
  await page.context().close()
})
