/** Calls as a trunk brings them, without a browser: what callers hear, and what becomes of those who give up. */
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { after, before, test } from 'node:test'
import { Api } from '../lib/api.mjs'
import { dial as baresip } from '../lib/baresip.mjs'
import { account } from '../lib/city.mjs'
import { items } from '../lib/flow.mjs'
import { sleep, until } from '../lib/processes.mjs'
import { Server } from '../lib/server.mjs'
import { dial } from '../lib/sipp.mjs'
import { likeness, loudest, loudness, prompt, readWav } from '../lib/sound.mjs'

let server
let leader
before(async () => {
  server = await Server.start({ voice: { announcement_secs: 9 } })
  leader = await Api.signIn(server.url, account('shift_leader'))
  await letCallersWait()
})
after(() => server?.stop())

/** Nobody is signed in here: the shipped flow would offer to take a message, and these callers want to wait. */
async function letCallersWait() {
  const main = await leader.get('/voice/call-flows/main')
  for (const node of main.draft.nodes.filter((one) => one.kind === 'queue')) {
    node.props.leave_when_nobody = false
    delete node.exits.nobody
  }
  main.draft.nodes = main.draft.nodes.filter((node) => node.id !== 'nobody' && node.id !== 'wait')
  main.draft.nodes.find((node) => node.id === 'queue').exits.refused = 'message'
  const { version } = await leader.put('/voice/call-flows/main', { version: main.version, name: main.name, note: main.note, draft: main.draft })
  await leader.post('/voice/call-flows/main/versions', { version, note: 'waiting' })
}

const missed = async (caller) => items(await leader.get('/voice/missed-calls')).find((one) => one.caller === caller)

/** How surely a caller has heard a prompt of the server, recognised by its sound. */
const heardPrompt = (call, name) => likeness(call.telephone.last(30), loudest(prompt(name), 0.1))
const hears = (call, name) =>
  until(`the caller hears ${name}`, () => heardPrompt(call, name) > 0.9, { limitMs: 30_000, everyMs: 500 })

test('callers who wait hear the greeting and where they stand, and who gives up is a missed call', async () => {
  const callers = ['13511110001', '13511110009']
  const ahead = await dial(server, { from: callers[0], hangUpAfterMs: 32_000 })
  await ahead.answered()
  const behind = await dial(server, { from: callers[1], hangUpAfterMs: 32_000 })
  await hears(behind, 'greeting')
  await until('both wait', async () => (await leader.get('/voice/queues')).queue.waiting === 2)
  await hears(behind, 'ahead_of_you')
  // Nobody stands before the first one, so no place is told.
  await hears(ahead, 'all_busy')
  assert.ok(heardPrompt(ahead, 'ahead_of_you') < 0.8, 'the first one is told of people ahead')
  await Promise.all([ahead.over(), behind.over()])
  const rows = await until('the missed calls are listed', async () => {
    const rows = await Promise.all(callers.map(missed))
    return rows.every(Boolean) && rows
  })
  await leader.put(`/voice/missed-calls/${rows[1].id}`, { handled_note: '已回拨，市民咨询社保' })
  const open = items(await leader.get('/voice/missed-calls?open=true'))
  assert.deepEqual(rows.map(({ id }) => open.some((one) => one.id === id)), [true, false])
})

test('the recording of a call that nobody answered can be played', async () => {
  const caller = '13511110002'
  const call = await dial(server, { from: caller, hangUpAfterMs: 2_000 })
  await call.over()
  const row = await until('the call is listed with its recording', async () => {
    const found = items(await leader.get(`/voice/calls?q=${caller}`))[0]
    return found && found.recording_id && found
  })
  const response = await until('the recording is finished', async () => {
    const response = await leader.raw('GET', `/voice/recordings/${row.recording_id}/audio`)
    return response.status === 200 && response
  })
  const { channels, rate } = readWav(Buffer.from(await response.arrayBuffer()))
  assert.equal(channels.length, 2)
  assert.ok(channels[0].length / rate > 1)
})

test('baresip reaches the hotline and hears the greeting', async () => {
  const caller = '13511110003'
  const phone = await baresip(server, { from: caller })
  await sleep(4_000)
  const heard = await phone.hangUp()
  assert.ok(heard, phone.child.output.slice(-2000))
  assert.ok(heard.channels[0].length / heard.rate > 2, 'less than two seconds of sound came')
  assert.ok(loudness(heard.channels[0]) > 0.005, 'baresip hears silence')
  await until('the missed call is listed', () => missed(caller))
})

test('twenty callers at once all hear the greeting, and none is lost', async () => {
  const callers = Array.from({ length: 20 }, (_, i) => `1352222${String(i).padStart(4, '0')}`)
  const calls = await Promise.all(callers.map((from) => dial(server, { from, hangUpAfterMs: 3_000 })))
  await Promise.all(calls.map((call) => call.answered()))
  await Promise.all(calls.map((call) => call.over()))
  await until('all are missed calls', async () => {
    const listed = items(await leader.get('/voice/calls?q=1352222&limit=100'))
    return listed.length === callers.length
  })
})

test('malformed SIP disturbs nobody', async () => {
  const call = await dial(server, { from: '13511110004', hangUpAfterMs: 3_000 })
  await call.answered()
  const socket = createSocket('udp4')
  const bad = [
    '',
    '\r\n\r\n',
    'INVITE',
    'INVITE sip:12345@127.0.0.1 SIP/2.0\r\n\r\n',
    'INVITE sip:12345@127.0.0.1 SIP/2.0\r\nContent-Length: 99999999\r\nCall-ID: x\r\n\r\n',
    'SIP/2.0 200 OK\r\nVia: \r\nCSeq: 99999999999999 INVITE\r\n\r\n',
    `REGISTER sip:${'a'.repeat(4000)} SIP/2.0\r\nFrom: <sip:\u0000>\r\n\r\n`,
    'INVITE sip:12345@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9\r\nFrom: <sip:a@b>\r\nTo: <sip:c@d>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\nContent-Type: application/sdp\r\nContent-Length: 9\r\n\r\nv=0\r\nm=x\r\n',
  ]
  for (const message of bad) {
    await new Promise((resolve) => socket.send(Buffer.from(message, 'latin1'), server.sipPort, '127.0.0.1', resolve))
  }
  for (let i = 0; i < 50; i += 1) {
    const noise = Buffer.from(Array.from({ length: 200 }, (_, at) => (at * 31 + i * 17) & 0xff))
    await new Promise((resolve) => socket.send(noise, server.sipPort, '127.0.0.1', resolve))
  }
  socket.close()
  await call.over()
  const again = await dial(server, { from: '13511110005', hangUpAfterMs: 500 })
  await again.answered()
  await again.over()
})
