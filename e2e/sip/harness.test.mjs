/** The measuring tools themselves: a test that cannot fail proves nothing. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { launch, heardShare, open } from '../lib/browser.mjs'
import { dial as baresip } from '../lib/baresip.mjs'
import { freeUdpPort, sleep, start, stop } from '../lib/processes.mjs'
import { scratch } from '../lib/server.mjs'
import { dial } from '../lib/sipp.mjs'
import { decodeALaw, encodeALaw, likeness, loudest, loudness, prompt, readWav, share, tone, writeWav } from '../lib/sound.mjs'

test('a tone is found at its pitch only, also after A-law, and never in silence', () => {
  const heard = tone(440, 1).map((sample) => decodeALaw(encodeALaw(sample)))
  assert.ok(share(heard, 440) > 0.95, `${share(heard, 440)}`)
  assert.ok(share(heard, 1000) < 0.02, `${share(heard, 1000)}`)
  assert.equal(share(new Int16Array(8000), 440), 0)
  const high = tone(1000, 1)
  const mixed = tone(440, 1).map((sample, i) => sample / 2 + high[i] / 2)
  assert.ok(share(mixed, 440) > 0.4 && share(mixed, 1000) > 0.4)
})

test('A-law keeps every sample within its step', () => {
  for (let sample = -32768; sample < 32768; sample += 37) {
    const error = Math.abs(decodeALaw(encodeALaw(sample)) - sample)
    assert.ok(error <= Math.max(8, Math.abs(sample) / 30), `${sample} became ${decodeALaw(encodeALaw(sample))}`)
  }
})

test('a WAV is read as it was written, and a cut one as far as it goes', () => {
  const path = writeWav(join(scratch('wav'), 'tone.wav'), tone(440, 1), 8000)
  const { rate, channels } = readWav(path)
  assert.equal(rate, 8000)
  assert.equal(channels[0].length, 8000)
  assert.ok(loudness(channels[0]) > 0.2)
  assert.throws(() => readWav(Buffer.from('not a sound at all')), /no WAV/)
})

test('a prompt is found in what was heard, and another one is not', () => {
  const [busy, greeting] = [prompt('all_busy'), prompt('greeting')]
  const heard = Int16Array.from([...new Int16Array(777), ...busy], (sample) => decodeALaw(encodeALaw(sample / 2)))
  assert.ok(likeness(heard, loudest(busy, 0.1)) > 0.95)
  assert.ok(likeness(heard, loudest(greeting, 0.1)) < 0.7)
  assert.equal(likeness(new Int16Array(8000), loudest(busy, 0.1)), 0)
})

test('the browser speaks 1000 Hz, and what a page receives can be told by its pitch', async () => {
  const browser = await launch({ hz: 1000 })
  try {
    const page = await open(browser, 'http://127.0.0.1')
    await page.route('**/*', (route) => route.fulfill({ contentType: 'text/html', body: '<h1>x</h1>' }))
    await page.goto('http://localhost/')
    await page.evaluate(async () => {
      const [a, b] = [new RTCPeerConnection(), new RTCPeerConnection()]
      a.onicecandidate = ({ candidate }) => candidate && b.addIceCandidate(candidate)
      b.onicecandidate = ({ candidate }) => candidate && a.addIceCandidate(candidate)
      const voice = { echoCancellation: false, noiseSuppression: false, autoGainControl: false }
      const stream = await navigator.mediaDevices.getUserMedia({ audio: voice })
      a.addTrack(stream.getTracks()[0], stream)
      await a.setLocalDescription()
      await b.setRemoteDescription(a.localDescription)
      await b.setLocalDescription()
      await a.setRemoteDescription(b.localDescription)
    })
    const found = await heardShare(page, 1000, 3)
    assert.ok(found > 0.5, `1000 Hz: ${found}`)
    const other = await heardShare(page, 440, 1)
    assert.ok(other < 0.1, `440 Hz: ${other}`)
  } finally {
    await browser.close()
  }
})

test('baresip and SIPp call an echo, and baresip hears its own tone', async () => {
  const sipPort = await freeUdpPort()
  const echo = start('sipp', ['-sn', 'uas', '-i', '127.0.0.1', '-p', String(sipPort), '-rtp_echo', '-nostdin'], {
    env: { ...process.env, TERM: 'xterm' },
  })
  await sleep(500)
  const phone = await baresip({ sipPort }, { hz: 440 })
  await sleep(2_500)
  const heard = await phone.hangUp()
  assert.ok(heard, phone.child.output.slice(-2000))
  assert.ok(share(heard.channels[0], 440, heard.rate) > 0.9)
  const call = await dial({ sipPort }, { hangUpAfterMs: 300 })
  await call.over()
  await stop(echo)
})
