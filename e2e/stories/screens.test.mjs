/**
 * Every main screen in both languages, light and dark, on a small desktop and on
 * a phone: nothing wider than the screen, no raw text keys, nothing in the
 * console, nothing that keeps somebody from using it (WCAG 2.2 AA). YIHAO_SCREENSHOTS names a folder that keeps the pictures.
 */
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Api } from '../lib/api.mjs'
import { assertAccessible } from '../lib/axe.mjs'
import { launch, open } from '../lib/browser.mjs'
import { account } from '../lib/city.mjs'
import { items } from '../lib/flow.mjs'
import { assertTidy, signIn } from '../lib/pages.mjs'
import { Server } from '../lib/server.mjs'

const SCREENS = [
  { role: 'agent', paths: ['/desk/work', '/desk/tasks', '/desk/cases', '/desk/cases/:id', '/desk/contacts', '/desk/calls', '/desk/account'] },
  {
    role: 'shift_leader',
    paths: [
      ...['tasks', 'missed-calls', 'ratings', 'floor', 'running-calls', 'numbers', 'callbacks', 'voicemail', 'call-ratings', 'notices', 'chats', 'knowledge-tasks', 'knowledge'].map((name) => `/desk/${name}`),
      ...['queues', 'phone-book', 'standard-phrases', 'call-flows', 'prompts'].map((name) => `/desk/admin/${name}`),
    ],
  },
  { role: 'hotline_manager', paths: ['/desk/warnings', '/desk/admin/warning-rules', '/desk/reports/risk'] },
  { role: 'reviewer', paths: ['/desk/alarms', '/desk/commitments'] },
  { role: 'unit_clerk', paths: ['/desk/tasks', '/desk/cases', '/desk/discoveries'] },
  { role: 'city_leader', paths: ['/desk/overview', '/desk/reports', '/desk/reports/unit', '/desk/reports/time-of-day', '/desk/reports/waits', '/desk/report-mail', '/desk/problems', '/desk/forecast', '/desk/evaluation', '/desk/map'] },
  {
    role: 'system_admin',
    paths: ['units', 'people', 'registrations', 'seats', 'categories', 'catalogue', 'flows', 'limit-rules', 'notice-rules', 'forms', 'order-types', 'old-orders', 'dictionary', 'parameters', 'calendar'].map((name) => `/desk/admin/${name}`),
  },
  { role: 'security_admin', paths: ['/desk/admin/roles', '/desk/admin/sessions'] },
  { role: 'audit_admin', paths: ['/desk/admin/audit'] },
  { role: null, paths: ['/', '/submit', '/lookup', '/registration', '/commitments', '/desk/login'] },
]
const LOOKS = [
  { name: 'zh-light-desktop', language: 'zh-CN', dark: false, viewport: { width: 1366, height: 768 } },
  { name: 'en-dark-desktop', language: 'en-US', dark: true, viewport: { width: 1366, height: 768 } },
  { name: 'zh-dark-phone', language: 'zh-CN', dark: true, viewport: { width: 390, height: 844 } },
  { name: 'en-light-phone', language: 'en-US', dark: false, viewport: { width: 390, height: 844 } },
]

let server
let browser
let someCase
before(async () => {
  server = await Server.start()
  browser = await launch()
  const agent = await Api.signIn(server.url, account('agent'))
  someCase = items(await agent.get('/cases?limit=1'))[0].id
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

// A page waits more than it computes, so two looks share the machine.
describe('screens', { concurrency: 2 }, () => {
  for (const look of LOOKS) {
    test(`screens: ${look.name}`, async (t) => {
      for (const { role, paths } of SCREENS) {
        const page = await open(browser, server.url, look)
        if (role) await signIn(page, account(role))
        for (const path of paths) {
          const name = `${role ?? 'nobody'} ${path}`
          await t.test(name, async () => {
            page.problems.length = 0
            await page.goto(path.replace(':id', someCase))
            await settle(page)
            await picture(page, look.name, name)
            await assertTidy(page, name)
            await assertAccessible(page, name)
            const words = await page.evaluate(() => document.body.innerText)
            const isChinese = /[\u4e00-\u9fff]{2}/.test(words)
            // The city's own data stays Chinese in English too, so only the Chinese side can be told.
            if (look.language === 'zh-CN') assert.ok(isChinese, `${name}: no Chinese word`)
            assert.ok(words.trim().length > 20, `${name}: an empty page`)
          })
        }
        await page.context().close()
      }
    })
  }
})

/** Waits until nothing is being loaded. The stream of events never ends, so "network idle" would not do. */
async function settle(page) {
  await page.waitForLoadState('load')
  await page.locator('#app > *').first().waitFor()
  await page.waitForFunction(() => !document.querySelector('[aria-busy=true], .el-loading-mask, .bones'), undefined, { timeout: 10_000 })
  await page.waitForTimeout(350)
}

async function picture(page, look, name) {
  const folder = process.env.YIHAO_SCREENSHOTS
  if (!folder) return
  mkdirSync(folder, { recursive: true })
  const file = `${look}-${name.replaceAll(/[^a-z_-]+/gi, '-')}.png`
  await page.screenshot({ path: join(folder, file) })
}
