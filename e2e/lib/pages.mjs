/** What people do on the screens, by the names that the screens carry for tests. */
import assert from 'node:assert/strict'
import { EVERYBODY, PASSWORD } from './city.mjs'

/** Signs in at the desk. */
export async function signIn(page, account, password = PASSWORD) {
  await page.goto('/desk')
  await fill(page, 'login-account', account)
  await fill(page, 'login-password', password)
  await page.getByTestId('login-submit').click()
  await page.waitForURL((url) => url.pathname.startsWith('/desk') && !url.pathname.includes('login'))
}

/** Fills a field, whether the name is on the field itself or on what is around it. */
export async function fill(page, name, text) {
  const found = page.getByTestId(name).first()
  await found.waitFor()
  const isField = await found.evaluate((element) => /^(INPUT|TEXTAREA)$/.test(element.tagName))
  await (isField ? found : found.locator('input, textarea').first()).fill(text)
}

/** Clicks something by its name. */
export function click(page, name) {
  return page.getByTestId(name).first().click()
}

/** The text of something by its name. */
export async function text(page, name) {
  const found = page.getByTestId(name).first()
  await found.waitFor()
  const value = await found.evaluate((element) => element.value ?? element.textContent)
  return value.trim()
}

/** Chooses an entry of a drop-down or a tree by the words that it shows. */
export async function choose(page, name, words) {
  await click(page, name)
  const option = page
    .locator('.el-select-dropdown__item, .el-cascader-node, .el-tree-node__content, [role=option]')
    .filter({ visible: true })
    .filter({ hasText: words })
  await option.first().click()
}

/** The page fits its width, shows no raw text keys, and nothing went wrong on it. */
export async function assertTidy(page, where) {
  const { overflow, widest, raw } = await page.evaluate(() => {
    const root = document.documentElement
    const outside = [...document.querySelectorAll('body *')].find(
      (element) => element.getBoundingClientRect().right > root.clientWidth + 1 && getComputedStyle(element).position !== 'fixed',
    )
    // What is set in the fixed-width face is meant literally: keys of parameters, names of rights.
    const texts = []
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    while (walker.nextNode()) {
      if (!walker.currentNode.parentElement.closest('.y-mono, code, pre, kbd, script, style')) texts.push(walker.currentNode.data)
    }
    const words = texts.join('\n').match(/\b[a-z][A-Za-z_]*(?:\.[a-z][A-Za-z_]*)+\b/g) ?? []
    return {
      overflow: root.scrollWidth - root.clientWidth,
      widest: outside ? `${outside.tagName}.${outside.className}` : '',
      raw: words.filter((word) => !/\.(com|cn|org|net|gov|test|example|md|html?|js|xlsx?|toml|db)$/.test(word)),
    }
  })
  const unknown = raw.filter((word) => !EVERYBODY.includes(word))
  assert.ok(overflow <= 1, `${where}: ${overflow} px wider than the screen (${widest})`)
  assert.deepEqual(unknown, [], `${where}: raw text keys`)
  assert.deepEqual(page.problems, [], `${where}: problems`)
}

/** Types into a field that looks through a tree, and takes the first hit. */
export async function pick(page, name, words) {
  const field = page.getByTestId(name).first()
  await field.click()
  await field.fill(words)
  const hit = page.getByTestId('tree-option').filter({ visible: true }).filter({ hasText: words })
  await hit.first().waitFor()
  await field.press('Enter')
}

/** Signs the agent in at the telephone, where that is not done yet, and makes it ready for calls. */
export async function takeSeat(page) {
  const signIn = page.getByTestId('seat-sign-in')
  const state = page.getByTestId('seat-state')
  await signIn.or(state).first().waitFor()
  if (await signIn.isVisible()) await signIn.click()
  await state.waitFor()
  const ready = page.locator('[data-testid=seat-ready]:enabled')
  const isReady = page.locator('[data-testid=seat-state][data-state=ready]')
  await ready.or(isReady).first().waitFor()
  if (await ready.isVisible()) await ready.click()
  await isReady.waitFor()
}

/** Signs the agent out at the telephone, so that the next test's call goes to somebody who is there. */
export async function leaveSeat(page) {
  const done = page.getByTestId('wrap-up-done')
  const leave = page.getByTestId('seat-sign-out')
  await done.or(leave).first().waitFor()
  if (await done.isVisible()) await done.click().catch(() => {})
  await leave.click()
  await page.getByTestId('seat-sign-in').waitFor()
}

/** Waits until the telephone bar shows a state. */
export function seatState(page, state, limitMs = 15_000) {
  return page.locator(`[data-testid=seat-state][data-state=${state}]`).waitFor({ timeout: limitMs })
}

/** Writes an order in the form beside the call. */
export async function writeOrder(page, { type = 'complaint', category, name, address, title, content }) {
  await page.getByTestId(`order-type-${type}`).click()
  await pick(page, 'order-category', category)
  await fill(page, 'order-name', name)
  await fill(page, 'order-address', address)
  await fill(page, 'order-title', title)
  await fill(page, 'order-content', content)
  await click(page, 'order-submit')
  return { number: await text(page, 'order-number'), code: await text(page, 'order-query-code') }
}
