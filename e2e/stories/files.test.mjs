/** Pictures of a citizen, from the telephone's page to the unit's desk and into a document. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { deflateSync, crc32 } from 'node:zlib'
import { Api } from '../lib/api.mjs'
import { launch, open } from '../lib/browser.mjs'
import { accounts } from '../lib/city.mjs'
import { items, staff } from '../lib/flow.mjs'
import { assertTidy, click, fill, signIn } from '../lib/pages.mjs'
import { until } from '../lib/processes.mjs'
import { Server } from '../lib/server.mjs'

let server
before(async () => {
  server = await Server.start()
})
after(() => server?.stop())

/** A plain picture with a note in it. */
function png(side = 64) {
  const chunk = (name, body) => {
    const tail = Buffer.concat([Buffer.from(name), body])
    const size = Buffer.alloc(4)
    size.writeUInt32BE(body.length)
    const sum = Buffer.alloc(4)
    sum.writeUInt32BE(crc32(tail))
    return Buffer.concat([size, tail, sum])
  }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(side, 0)
  head.writeUInt32BE(side, 4)
  head.set([8, 2, 0, 0, 0], 8)
  const row = Buffer.concat([Buffer.from([0]), Buffer.alloc(side * 3, 120)])
  const pixels = deflateSync(Buffer.concat(Array(side).fill(row)))
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', head), chunk('tEXt', Buffer.from('Comment\0GPS 31.2')), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))])
}

test('a picture goes from the portal to the desk, and a lying file is refused', async () => {
  const browser = await launch()
  try {
    const people = await staff(server.url)
    const portal = await open(browser, server.url, { viewport: { width: 390, height: 844 } })
    await portal.goto('/submit')
    await portal.getByTestId('file-input').setInputFiles({ name: '假的.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('MZ this is a program') })
    await until('the lying file is refused', async () => (await portal.getByTestId('file-row').getAttribute('data-state')) === 'failed')
    await click(portal, 'file-remove')
    await portal.getByTestId('file-input').setInputFiles({ name: '现场.png', mimeType: 'image/png', buffer: png() })
    await until('the picture is sent', async () => (await portal.getByTestId('file-row').getAttribute('data-state')) === 'sent')
    await portal.reload()
    await until('it is there after a reload', async () => (await portal.getByTestId('file-row').count()) === 1)
    // The task of the proof of work and the refusal of the file are answers, which the browser notes.
    portal.problems = portal.problems.filter((problem) => !/ status of (428|422) /.test(problem))
    await assertTidy(portal, 'the form on a telephone')
    await fill(portal, 'portal-submit-title', '路灯不亮附照片')
    await fill(portal, 'portal-submit-content', '小区门口路灯不亮，照片见附件。')
    await fill(portal, 'portal-submit-name', '周女士')
    await fill(portal, 'portal-submit-phone', '13900139001')
    const order_type = portal.getByTestId('portal-submit-type-repair')
    if (await order_type.count()) await order_type.click()
    await portal.getByTestId('portal-submit-category').selectOption({ index: 1 })
    await portal.getByTestId('portal-submit-sub-category').selectOption({ index: 1 })
    await click(portal, 'portal-submit-send')
    const number = (await portal.getByTestId('portal-submit-number').textContent()).trim()
    const order = await until('the order is found by its words', async () => items(await people.shift_leader.get('/cases?q=路灯不亮附照片')).find((one) => one.number === number))

    const desk = await open(browser, server.url)
    await signIn(desk, accounts('shift_leader')[0])
    await desk.goto(`/desk/cases/${order.id}`)
    await click(desk, 'file-shown')
    await desk.getByTestId('file-light').waitFor()
    await desk.keyboard.press('Escape')
    const { items: files } = await people.shift_leader.get(`/cases/${order.id}/attachments`)
    const kept = await people.shift_leader.raw('GET', `/attachments/${files[0].id}`)
    assert.equal(kept.headers.get('content-type'), 'image/png')
    assert.ok(!Buffer.from(await kept.arrayBuffer()).includes('GPS'), 'where it was taken is gone')

    await click(desk, 'document-transfer')
    await desk.frameLocator('[data-testid="document-page"]').getByText('路灯不亮附照片').first().waitFor()
    // The page of the document is shut off from everything, and so from what the harness puts into each frame.
    assert.deepEqual(desk.problems.filter((problem) => !problem.includes('The document is sandboxed')), [])
    const stranger = await new Api(server.url).raw('GET', `/attachments/${files[0].id}`)
    assert.equal(stranger.status, 401)
  } finally {
    await browser.close()
  }
})

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
