/** Something that a unit knows: written there, reviewed at the centre, found by pinyin in a call, read by a citizen. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { launch, open } from '../lib/browser.mjs'
import { accounts } from '../lib/city.mjs'
import { assertTidy, click, fill, leaveSeat, seatState, signIn, takeSeat } from '../lib/pages.mjs'
import { until } from '../lib/processes.mjs'
import { Server } from '../lib/server.mjs'

const TITLE = '阶梯井盖智能锁申领'
const ANSWER = '凭身份证到市政设施养护所领取，当场发放。'

let server
before(async () => {
  server = await Server.start()
})
after(() => server?.stop())

async function chooseClass(page, name, words) {
  await fill(page, name, words)
  await page.locator('[role=option]').filter({ visible: true }).filter({ hasText: words }).first().click()
}

test('a unit writes, the centre publishes, an agent finds it by sound in a call and pastes it, a citizen reads it', async () => {
  const browser = await launch({ hz: 1000 })
  const citizens = await launch({ hz: 440 })
  try {
    const unit = await open(browser, server.url, { viewport: { width: 1366, height: 768 } })
    await signIn(unit, 'ldsz.clerk')
    await unit.goto('/desk/knowledge/new')
    await fill(unit, 'knowledge-title', TITLE)
    await unit.getByTestId('knowledge-editor-0').locator('[contenteditable=true]').fill(ANSWER)
    await chooseClass(unit, 'knowledge-region', '云州市')
    await chooseClass(unit, 'knowledge-business', '井盖与管线')
    await assertTidy(unit, 'the editor')
    await click(unit, 'knowledge-submit')
    await unit.waitForURL(/\/desk\/knowledge\/[0-9a-f-]{36}$/)

    const centre = await open(browser, server.url, { viewport: { width: 1366, height: 768 } })
    await signIn(centre, 'review01')
    await centre.goto('/desk/knowledge-tasks')
    await centre.getByTestId('knowledge-row').filter({ hasText: TITLE }).click()
    await click(centre, 'knowledge-pass')
    await centre.getByTestId('knowledge-pass').waitFor({ state: 'detached' })
    await assertTidy(centre, 'the published entry')

    const desk = await open(browser, server.url, { viewport: { width: 1366, height: 768 } })
    await signIn(desk, accounts('agent')[0])
    await takeSeat(desk)
    const portal = await open(citizens, server.url, { viewport: { width: 390, height: 844 } })
    await portal.goto('/')
    await click(portal, 'portal-call')
    await click(desk, 'call-answer')
    await seatState(desk, 'talking')
    await desk.keyboard.press('Control+k')
    await until('the entry is found by its sound', async () => {
      await desk.getByTestId('knowledge-box').fill('')
      await desk.getByTestId('knowledge-box').fill('jingaizhinengsuo')
      await desk.getByTestId('knowledge-result').first().waitFor({ timeout: 3000 }).catch(() => {})
      return (await desk.getByTestId('knowledge-result').first().textContent().catch(() => ''))?.includes(TITLE)
    })
    await desk.keyboard.press('Enter')
    await desk.getByTestId('knowledge-reading').waitFor()
    await assertTidy(desk, 'the answer beside the call')
    await desk.keyboard.press('v')
    await until('the answer stands in the order', async () => (await desk.getByTestId('order-opinion').inputValue()).includes(ANSWER))
    await seatState(desk, 'talking')
    await desk.keyboard.press('Escape')
    await desk.keyboard.press('Escape')
    await click(desk, 'call-hangup')
    await leaveSeat(desk)

    await portal.goto('/')
    await click(portal, 'portal-knowledge-link')
    await fill(portal, 'portal-knowledge-search', '井盖锁怎么领')
    await portal.getByTestId('portal-knowledge-result').filter({ hasText: TITLE }).first().click()
    await portal.getByTestId('portal-knowledge-entry').getByText(ANSWER).waitFor()
    await assertTidy(portal, 'the answer on a phone')
    await click(portal, 'portal-knowledge-helpful')
    await portal.getByTestId('portal-knowledge-thanks').waitFor()
    assert.deepEqual([...unit.problems, ...centre.problems, ...desk.problems, ...portal.problems], [])
  } finally {
    await Promise.all([browser.close(), citizens.close()])
  }
})
