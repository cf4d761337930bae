/**
 * The power goes: the server is killed ten times while fifty orders a second are
 * being written and a call is being recorded. What was acknowledged is there
 * afterwards, and every recording can be played up to its last second.
 */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { Api } from '../lib/api.mjs'
import { account } from '../lib/city.mjs'
import { category, draft, items } from '../lib/flow.mjs'
import { sleep, until } from '../lib/processes.mjs'
import { Server, command } from '../lib/server.mjs'
import { dial } from '../lib/sipp.mjs'
import { readWav } from '../lib/sound.mjs'

const KILLS = 10
const PER_SECOND = 50

test('kill -9 loses no acknowledged order and no recording', async () => {
  const server = await Server.start()
  const acknowledged = new Map()
  const calls = []
  try {
    for (let round = 0; round < KILLS; round += 1) {
      const agent = await Api.signIn(server.url, account('agent'))
      const { id: category_id } = category(await agent.get('/categories'), '路灯不亮')
      const caller = `1370000${String(round).padStart(4, '0')}`
      const call = await dial(server, { from: caller })
      await call.answered()
      const callStarted = Date.now()
      const writing = write(agent, category_id, round, acknowledged)
      await sleep(1_200 + round * 100)
      const recordedMs = Date.now() - callStarted
      await server.kill()
      await writing
      await call.drop()
      calls.push({ caller, recordedMs })
      await server.resume()
    }
    assert.ok(acknowledged.size > KILLS * PER_SECOND * 0.5, `only ${acknowledged.size} orders were acknowledged`)
    const agent = await Api.signIn(server.url, account('agent'))
    const lost = []
    for (const [id, number] of acknowledged) {
      const response = await agent.raw('GET', `/cases/${id}`)
      if (response.status !== 200 || (await response.json()).number !== number) lost.push(number)
    }
    assert.deepEqual(lost, [], `${lost.length} of ${acknowledged.size} acknowledged orders are gone`)
    assert.equal(new Set(acknowledged.values()).size, acknowledged.size, 'two orders have the same number')

    const leader = await Api.signIn(server.url, account('shift_leader'))
    for (const { caller, recordedMs } of calls) {
      const row = await until(`the call of ${caller} is listed with its recording`, async () => {
        const found = items(await leader.get(`/voice/calls?q=${caller}`))[0]
        return found && (found.recording_id ?? found.recordings?.[0]?.id) && found
      })
      const id = row.recording_id ?? row.recordings[0].id
      const response = await leader.raw('GET', `/voice/recordings/${id}/audio`)
      assert.equal(response.status, 200, `recording of ${caller}`)
      const { rate, channels } = readWav(Buffer.from(await response.arrayBuffer()))
      const seconds = channels[0].length / rate
      assert.ok(seconds >= recordedMs / 1000 - 1.2, `${caller}: ${seconds} s of ${recordedMs / 1000} s`)
    }
    await server.stop()
    const audit = await command(['audit', 'verify', '--data', server.data])
    assert.equal(audit.code, 0, audit.output)
  } finally {
    await server.stop()
  }
})

/** Writes at a steady rate until the server is gone; remembers what it acknowledged. */
async function write(agent, category_id, round, acknowledged) {
  const waiting = []
  for (let count = 0; count < PER_SECOND * 30; count += 1) {
    const body = draft(category_id, { phone: `136${String(round * 1000 + count).padStart(8, '0')}` })
    const sent = agent
      .raw('POST', '/cases', { body, headers: { 'idempotency-key': randomUUID() }, signal: AbortSignal.timeout(10_000) })
      .then(async (response) => {
        if (!response.ok) throw Object.assign(new Error(`${response.status} ${await response.text()}`), { refused: true })
        const { id, number } = await response.json()
        acknowledged.set(id, number)
        return true
      })
      .catch((error) => (error.refused ? Promise.reject(error) : false))
    waiting.push(sent)
    if ((await Promise.race([sent, sleep(1000 / PER_SECOND).then(() => true)])) === false) break
  }
  await Promise.all(waiting)
}
