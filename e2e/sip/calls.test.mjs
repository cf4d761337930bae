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
import { loudness, readWav } from '../lib/sound.mjs'

let server
let leader
before(async () => {
  server = await Server.start({ voice: { announcement_secs: 3 } })
  leader = await Api.signIn(server.url, account('shift_leader'))
})
after(() => server?.stop())

const missed = async (caller) => items(await leader.get('/voice/missed-calls')).find((one) => one.caller === caller || one.caller_masked?.startsWith(caller.slice(0, 3)))

test('a caller who gives up while waiting hears something and is a missed call', async () => {
  const caller = '13511110001'
  const call = await dial(server, { from: caller, hangUpAfterMs: 4_000 })
  await call.answered()
  await sleep(3_000)
  assert.ok(loudness(call.telephone.last(2)) > 0.005, 'the caller hears silence')
  await call.over()
  await until('the missed call is listed', () => missed(caller))
})

test('the recording of a call that nobody answered can be played', async () => {
  const caller = '13511110002'
  const call = await dial(server, { from: caller, hangUpAfterMs: 2_000 })
  await call.over()
  const row = await until('the call is listed with its recording', async () => {
    const found = items(await leader.get(`/voice/calls?q=${caller}`))[0]
    return found && (found.recording_id ?? found.recordings?.[0]?.id) && found
  })
  const response = await leader.raw('GET', `/voice/recordings/${row.recording_id ?? row.recordings[0].id}/audio`)
  assert.equal(response.status, 200)
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
