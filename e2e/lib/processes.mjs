/**
 * Child processes that cannot outlive the test: whatever is still running when
 * this process ends is killed.
 */
import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'

const running = new Set()

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))

/** Starts a program; its output is kept in `output` and in `lines` as it comes. */
export function start(program, args, options = {}) {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], ...options })
  running.add(child)
  child.output = ''
  const keep = (chunk) => {
    child.output += chunk
    // A talkative program must not fill the memory; what went wrong stands at the end.
    if (child.output.length > 2_000_000) child.output = child.output.slice(-1_000_000)
  }
  child.stdout.setEncoding('utf8').on('data', keep)
  child.stderr.setEncoding('utf8').on('data', keep)
  child.stdin?.on('error', () => {})
  child.ended = new Promise((resolve) => {
    child.on('error', (error) => resolve({ code: null, signal: null, error }))
    child.on('close', (code, signal) => resolve({ code, signal }))
  })
  child.ended.then(() => running.delete(child))
  return child
}

/** Ends a program politely, and after `graceMs` for certain. */
export async function stop(child, signal = 'SIGTERM', graceMs = 8_000) {
  if (child.exitCode !== null || child.signalCode !== null) return child.ended
  child.kill(signal)
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
  const ended = await child.ended
  clearTimeout(timer)
  return ended
}

/** Waits until `probe` gives something true; says what was waited for when it does not. */
export async function until(what, probe, { limitMs = 20_000, everyMs = 100 } = {}) {
  const end = Date.now() + limitMs
  let last
  for (;;) {
    try {
      const value = await probe()
      if (value) return value
    } catch (error) {
      last = error
    }
    if (Date.now() > end) {
      throw new Error(`${what}: not within ${limitMs} ms${last ? ` (${last.message})` : ''}`)
    }
    await sleep(everyMs)
  }
}

export function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** A free TCP port of 127.0.0.1. */
export async function freeTcpPort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

/** A free UDP port of 127.0.0.1. */
export async function freeUdpPort() {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  socket.close()
  await once(socket, 'close')
  return port
}
