/** What an editor shows of settled matters. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { launch, open } from '../lib/browser.mjs'
import { assertTidy } from '../lib/pages.mjs'
import { Server } from '../lib/server.mjs'

let server
before(async () => {
  server = await Server.start()
})
after(() => server?.stop())

test('everybody reads what an editor shows', async () => {
  const browser = await launch()
  try {
    const portal = await open(browser, server.url, { viewport: { width: 390, height: 844 } })
    await portal.goto('/published')
    await portal.getByTestId('published-row').first().waitFor()
    await assertTidy(portal, 'the published orders on a telephone')
    assert.deepEqual(portal.problems, [])
  } finally {
    await browser.close()
  }
})
