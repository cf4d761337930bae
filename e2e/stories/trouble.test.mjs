/** What goes wrong in practice: every person concerned is told clearly, and nothing is lost. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { cpSync, mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Api } from '../lib/api.mjs'
import { heardShare, launch, open } from '../lib/browser.mjs'
import { account, accounts } from '../lib/city.mjs'
import { category, draft, items } from '../lib/flow.mjs'
import { click, leaveSeat, seatState, signIn, takeSeat } from '../lib/pages.mjs'
import { until } from '../lib/processes.mjs'
import { Wire } from '../lib/proxy.mjs'
import { Server, city, scratch } from '../lib/server.mjs'
import { dial } from '../lib/sipp.mjs'
import { share } from '../lib/sound.mjs'

let server
let agent
let category_id
before(async () => {
  server = await Server.start()
  agent = await Api.signIn(server.url, account('agent'))
  category_id = category(await agent.get('/categories'), '路灯不亮').id
})
after(() => server?.stop())

/** A refusal that says in words what is wrong, and ties itself to the log. */
async function refused(response, statuses) {
  const text = await response.text()
  assert.ok([statuses].flat().includes(response.status), `${response.status} ${text}`)
  assert.match(response.headers.get('content-type') ?? '', /application\/problem\+json/)
  const problem = JSON.parse(text)
  assert.ok(problem.code && problem.detail && problem.trace_id, text)
  assert.doesNotMatch(text, /panicked|sqlx|SELECT |crates\/|\.rs:/, 'internal text reached the client')
  return problem
}

test('bad bodies are refused with a reason', async () => {
  const post = (body, headers) => agent.raw('POST', '/cases', { body, headers: { 'content-type': 'application/json', ...headers } })
  await refused(await post('{"type":'), 400)
  await refused(await post('[]'), [400, 422])
  await refused(await post(JSON.stringify({ ...draft(category_id), title: 42 })), [400, 422])
  await refused(await post(JSON.stringify({ ...draft(category_id), type: 'poem' })), [400, 422])
  await refused(await post(JSON.stringify({ ...draft(category_id), category_id: 'nowhere' })), [400, 404, 422])
  await refused(await post(JSON.stringify({ ...draft(category_id), title: '' })), [400, 422])
  await refused(await post('x', { 'content-type': 'text/plain' }), [400, 415])
  await refused(await post(JSON.stringify({ ...draft(category_id), content: 'x'.repeat(2_000_000) })), 413)
})

test('nobody gets in with a forged cookie or from a foreign page', async () => {
  const forged = await fetch(`${server.url}/api/v1/cases`, { headers: { cookie: `yihao_session=${randomUUID()}` } })
  await refused(forged, 401)
  await refused(await agent.raw('POST', '/cases', { body: draft(category_id), headers: { origin: 'https://elsewhere.example' } }), 403)
})

test('the same idempotency key creates once, and another body under it is refused', async () => {
  const key = { 'idempotency-key': randomUUID() }
  const body = draft(category_id, { phone: '13600001111' })
  const [first, second] = await Promise.all([1, 2].map(() => agent.raw('POST', '/cases', { body, headers: key })))
  const [third] = [await agent.raw('POST', '/cases', { body, headers: key })]
  const numbers = new Set()
  for (const response of [first, second, third]) if (response.ok) numbers.add((await response.json()).number)
  assert.equal(numbers.size, 1)
  assert.ok(third.ok)
  const other = await agent.raw('POST', '/cases', { body: { ...body, title: '另一件事' }, headers: key })
  await refused(other, 422)
})

test('who saves over somebody else is told what changed', async () => {
  const created = await agent.post('/cases', draft(category_id, { phone: '13600002222' }))
  await agent.post(`/cases/${created.id}/notes`, { version: created.version, text: '市民补充：晚上八点后最暗' })
  const stale = await agent.raw('PATCH', `/cases/${created.id}`, { body: { version: created.version - 1, title: '改过的标题' } })
  const problem = await refused(stale, 409)
  assert.ok(problem.current ?? problem.current_version, JSON.stringify(problem))
})

test('a full disk is told, nothing is half saved, and room makes it work again', async (t) => {
  const folder = join(scratch('disk'), 'data')
  mkdirSync(folder)
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=224m', 'tmpfs', folder])
  if (mounted.status !== 0) return t.skip('may not mount a small file system here')
  let small
  try {
    cpSync(await city(), folder, { recursive: true })
    small = await Server.start({ data: folder, voice: { enabled: false } })
    const writer = await Api.signIn(small.url, account('agent'))
    const body = draft(category_id, { title: '磁盘写满时的工单' })
    const { bavail, bsize } = statfsSync(folder)
    try {
      writeFileSync(join(folder, 'filler'), Buffer.alloc(bavail * bsize))
    } catch (error) {
      // The server wrote meanwhile: the disk is as full as it gets.
      if (error.code !== 'ENOSPC') throw error
    }
    // What SQLite had reserved already may take a few more orders.
    let response
    let stored = 0
    for (let i = 0; i < 2_000; i += 1) {
      response = await writer.raw('POST', '/cases', { body })
      if (!response.ok) break
      await response.arrayBuffer()
      stored += 1
    }
    await refused(response, [507, 503])
    assert.equal((await writer.raw('GET', '/cases?limit=1')).status, 200, 'reading stopped with the disk')
    rmSync(join(folder, 'filler'))
    await until('writing works again', async () =>
      (await writer.raw('POST', '/cases', { body })).ok)
    const listed = items(await writer.get(`/cases?q=${encodeURIComponent(body.title)}&limit=100`))
    assert.equal(listed.length, Math.min(stored + 1, 100), 'acknowledged orders and stored ones differ')
  } finally {
    await small?.stop()
    spawnSync('umount', ['-l', folder])
  }
})

test('without a microphone the agent is told so, in words', async () => {
  const browser = await launch()
  try {
    const desk = await open(browser, server.url)
    await desk.addInitScript(() => {
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no device', 'NotFoundError'))
    })
    await signIn(desk, accounts('agent')[1])
    await click(desk, 'seat-sign-in')
    await desk.getByTestId('mic-fault').first().waitFor()
    assert.match(await desk.getByTestId('mic-fault').first().innerText(), /麦克风/)
  } finally {
    await browser.close()
  }
})

test('a lost network in mid-call comes back to the same call', async () => {
  const browser = await launch({ hz: 1000 })
  const wire = await Wire.to(server.port)
  try {
    const desk = await open(browser, wire.url)
    await signIn(desk, accounts('agent')[2])
    await takeSeat(desk)
    const call = await dial(server, { from: '13600004444', hz: 440 })
    await click(desk, 'call-answer')
    await seatState(desk, 'talking')
    const hears = () => until('the citizen hears the agent', () => share(call.telephone.last(1), 1000) > 0.5)
    await hears()
    wire.cut()
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    wire.mend()
    await hears()
    await until('the agent hears the citizen', async () => (await heardShare(desk, 440, 1)) > 0.5)
    await seatState(desk, 'talking')
    await click(desk, 'call-hangup')
    await call.over()
    await leaveSeat(desk)
  } finally {
    wire.close()
    await browser.close()
  }
})
