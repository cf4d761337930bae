/** Closed orders of the system that was used before come in from a file: checked, mended, taken in once, found. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Api } from '../lib/api.mjs'
import { launch, open } from '../lib/browser.mjs'
import { account } from '../lib/city.mjs'
import { items } from '../lib/flow.mjs'
import { assertTidy, click, signIn, text } from '../lib/pages.mjs'
import { scratch, Server } from '../lib/server.mjs'

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

const HEAD = '原工单编号,受理时间,办结时间,市民姓名,联系电话,事项分类,标题,内容,承办单位,办理结果'

test('a manager takes old orders in', async () => {
  const api = await Api.signIn(server.url, account('hotline_manager'))
  const category = items(await api.get('/categories')).at(-1)
  const lines = [1, 2, 3].map((at) => `GD2019-${at},2019-03-0${at} 14:30,2019-03-08,王建国,13900001234,${category.code},旧系统路灯工单${at},三盏路灯不亮,,已更换灯具`)
  const file = join(scratch('old-orders'), '历史工单.csv')
  writeFileSync(file, [HEAD, ...lines, `GD2019-4,2019-02-30,,,,${category.code},标题,内容,没有这个单位,结果`].join('\n'))

  const page = await open(browser, server.url, { language: 'zh-CN', viewport: { width: 1366, height: 768 } })
  await signIn(page, account('hotline_manager'))
  await page.goto('/desk/admin/old-orders')
  const template = page.waitForEvent('download')
  await click(page, 'old-orders-template')
  assert.match((await template).suggestedFilename(), /\.xlsx$/)

  await page.getByTestId('old-orders-file').setInputFiles(file)
  await click(page, 'old-orders-check')
  assert.match(await text(page, 'old-orders-result'), /可导入 3 条；已导入过 0 条，将跳过；未通过 1 条/)
  const reasons = await text(page, 'old-orders-reasons')
  assert.match(reasons, /第 5 行/)
  assert.match(reasons, /承办单位：没有名称或编码为“没有这个单位”的单位。/)
  assert.equal(await page.getByTestId('old-order-row').count(), 3)
  await picture(page, 'checked')
  await assertTidy(page, 'checked')

  await click(page, 'old-orders-go')
  await page.getByTestId('old-orders-list').waitFor()
  assert.match(await text(page, 'old-orders-result'), /已导入 3 条/)
  await click(page, 'old-orders-list')
  await page.getByText('旧系统路灯工单3').first().waitFor()
  await picture(page, 'list')
  await page.getByTestId('case-search').fill('GD2019-2')
  await page.getByText('旧系统路灯工单3').waitFor({ state: 'detached' })
  await page.getByText('旧系统路灯工单2').first().click()
  await page.getByText('GD2019-2').first().waitFor()
  await page.getByText('从原系统导入').first().waitFor()
  await picture(page, 'order')
  assert.deepEqual([...page.problems], [])

  await page.goto('/desk/admin/old-orders')
  await page.getByTestId('old-orders-file').setInputFiles(file)
  await click(page, 'old-orders-check')
  assert.match(await text(page, 'old-orders-result'), /可导入 0 条；已导入过 3 条/)
  assert.equal(await page.getByTestId('old-orders-go').count(), 0, 'nothing is left to take in')
})

async function picture(page, name) {
  const folder = process.env.YIHAO_SCREENSHOTS
  if (folder) await page.screenshot({ path: join(folder, `old-orders-${name}.png`), fullPage: true })
}
