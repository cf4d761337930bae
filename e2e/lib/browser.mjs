/** Real Chromium with a microphone that plays a tone, and an ear for what the page receives. */
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { scratch } from './server.mjs'
import { tone, writeWav } from './sound.mjs'

const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium'

/** Chromium whose microphone plays `hz`. */
export async function launch({ hz = 1000 } = {}) {
  const microphone = writeWav(join(scratch('microphone'), 'tone.wav'), tone(hz, 10, 48_000), 48_000)
  return chromium.launch({
    executablePath: EXECUTABLE,
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--autoplay-policy=no-user-gesture-required',
      '--use-fake-ui-for-media-stream',
      '--use-fake-device-for-media-stream',
      `--use-file-for-fake-audio-capture=${microphone}`,
      '--allow-loopback-in-peer-connection',
      // Addresses of this machine are wanted as they are, not hidden behind names of mDNS.
      '--disable-features=WebRtcHideLocalIpsWithMdns',
    ],
  })
}

/**
 * A page of its own browser context. `problems` collects errors of the console,
 * exceptions, and answers of the server with 500 or more.
 */
export async function open(
  browser,
  url,
  { language = 'zh-CN', dark = false, viewport = { width: 1366, height: 768 } } = {},
) {
  const context = await browser.newContext({
    viewport,
    locale: language,
    colorScheme: dark ? 'dark' : 'light',
    timezoneId: 'Asia/Shanghai',
    permissions: ['microphone'],
    baseURL: url,
  })
  context.setDefaultTimeout(20_000)
  await context.addInitScript(listen)
  // The browser's noise suppression takes a steady tone for noise.
  await context.addInitScript(() => {
    localStorage.setItem('yihao.audio', JSON.stringify({ processing: false, ring: false, autoAnswer: false }))
  })
  const page = await context.newPage()
  page.problems = []
  page.on('console', (message) => {
    if (message.type() === 'error' && !isNobodyYet(message)) {
      page.problems.push(`console: ${message.text()} (${message.location().url})`)
    }
  })
  page.on('pageerror', (error) => page.problems.push(`exception: ${error.stack ?? error}`))
  page.on('response', (response) => {
    if (response.status() >= 500) page.problems.push(`${response.status()} ${response.url()}`)
  })
  return page
}

/** A page asks who is signed in before anybody is; the browser writes that answer to the console by itself. */
function isNobodyYet(message) {
  return message.text().includes('status of 401') && new URL(message.location().url || 'about:blank').pathname === '/api/v1/session'
}

/** Remembers in `window.__seen` when each of some names first came onto the page, from its first script on. */
export async function watchFor(page, names) {
  await page.addInitScript((wanted) => {
    const seen = (window.__seen = {})
    const look = () => {
      for (const name of wanted) {
        if (!(name in seen) && document.querySelector(`[data-testid="${name}"]`)) seen[name] = performance.now()
      }
    }
    new MutationObserver(look).observe(document, { childList: true, subtree: true })
  }, names)
}

/** Runs in the page before its own scripts: remembers every stream that a call brings. */
function listen() {
  const streams = []
  window.__heard = { streams }
  const Original = window.RTCPeerConnection
  if (!Original) return
  window.RTCPeerConnection = class extends Original {
    constructor(...args) {
      super(...args)
      this.addEventListener('track', (event) => {
        if (event.track.kind === 'audio') streams.push(new MediaStream([event.track]))
      })
    }
  }
}

/**
 * How much of the sound that the page receives lies at a pitch, from 0 to 1,
 * measured for `seconds` on the newest stream.
 */
export function heardShare(page, hz, seconds = 1.5) {
  return page.evaluate(measure, { hz, seconds })
}

async function measure({ hz, seconds }) {
  const stream = window.__heard.streams.at(-1)
  if (!stream) return 0
  // Chromium gives a remote stream's sound to Web Audio only while an element plays it.
  const element = new Audio()
  element.srcObject = stream
  element.muted = true
  await element.play().catch(() => {})
  const context = new AudioContext({ sampleRate: 48_000 })
  await context.resume()
  const analyser = context.createAnalyser()
  analyser.fftSize = 8192
  analyser.smoothingTimeConstant = 0
  context.createMediaStreamSource(stream).connect(analyser)
  const bins = new Float32Array(analyser.frequencyBinCount)
  const width = context.sampleRate / analyser.fftSize
  let [found, total] = [0, 0]
  const end = performance.now() + seconds * 1000
  await new Promise((resolve) => setTimeout(resolve, 200))
  while (performance.now() < end) {
    analyser.getFloatFrequencyData(bins)
    bins.forEach((decibels, bin) => {
      const power = Number.isFinite(decibels) && decibels > -90 ? 10 ** (decibels / 10) : 0
      total += power
      if (Math.abs(bin * width - hz) <= 25) found += power
    })
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  await context.close()
  element.srcObject = null
  return total > 0 ? found / total : 0
}
