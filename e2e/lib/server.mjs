/** The real server on a folder of its own. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawn } from 'node:child_process'
import { freeTcpPort, freeUdpPort, start, stop, until } from './processes.mjs'

/** The built server; `cargo xtask test` names it. */
export function binary() {
  const path = process.env.YIHAO_BIN
  if (!path || !existsSync(path)) {
    throw new Error('YIHAO_BIN names no server; run `cargo xtask test --only e2e`')
  }
  return path
}

const folders = []
process.on('exit', () => {
  if (process.env.YIHAO_KEEP) return
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** A folder that is deleted at the end; YIHAO_KEEP=1 keeps it for a look. */
export function scratch(purpose) {
  const folder = mkdtempSync(join(tmpdir(), `yihao-${purpose}-`))
  folders.push(folder)
  return folder
}

/** Written once for all test files where YIHAO_CITY says at which place, else once for each. */
let template

/** The data of a fresh demonstration city, to be copied. */
export async function city() {
  template ??= process.env.YIHAO_CITY ?? join(scratch('city'), 'data')
  if (!existsSync(template)) {
    const draft = `${template}.draft`
    rmSync(draft, { recursive: true, force: true })
    const child = start(binary(), ['demo', '--data', draft])
    const ended = await child.ended
    if (ended.code !== 0) throw new Error(`yihao demo failed (${ended.code}):\n${child.output.slice(-4000)}`)
    // Only a whole city is found by the others.
    renameSync(draft, template)
  }
  return template
}

export class Server {
  /**
   * Starts a city. `voice` holds settings of the `[voice]` section; SIP calls
   * are taken from 127.0.0.1.
   */
  static async start({ voice = {}, settings = '', database, data } = {}) {
    const server = new Server()
    server.folder = scratch('server')
    server.data = data ?? join(server.folder, 'data')
    if (!data && !database) cpSync(await city(), server.data, { recursive: true })
    else mkdirSync(server.data, { recursive: true })
    server.database = database
    server.port = await freeTcpPort()
    server.sipPort = await freeUdpPort()
    server.config = join(server.folder, 'yihao.toml')
    writeFileSync(server.config, configuration(settings, voice))
    server.log = join(server.folder, 'server.log')
    if (database) await server.#demo()
    await server.resume()
    return server
  }

  get url() {
    return `http://127.0.0.1:${this.port}`
  }

  /** Starts the process on the same folder and ports, for the first time or after `kill`. */
  async resume() {
    const log = openSync(this.log, 'a')
    const args = ['serve', '--config', this.config, '--data', this.data, '--demo']
    args.push('--host', '127.0.0.1', '--port', String(this.port), '--sip-port', String(this.sipPort))
    if (this.database) args.push('--database', this.database)
    this.child = start(binary(), args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env },
    })
    this.child.stdout.on('data', (chunk) => writeFileSync(log, chunk))
    this.child.stderr.on('data', (chunk) => writeFileSync(log, chunk))
    const { child } = this
    child.ended.then(({ code, signal }) => {
      if (!child.isExpectedToEnd) console.error(`the server ended by itself: ${code ?? signal}\n${this.tail()}`)
    })
    await until('the server answers', async () => {
      if (this.child.exitCode !== null) {
        throw new Error(`the server ended with ${this.child.exitCode}:\n${this.tail()}`)
      }
      return (await fetch(`${this.url}/healthz`)).ok
    }, { limitMs: 60_000, everyMs: 50 })
    return this
  }

  /** Kills the process as a power cut would. */
  async kill() {
    this.child.isExpectedToEnd = true
    this.child.kill('SIGKILL')
    await this.child.ended
  }

  async stop() {
    this.child.isExpectedToEnd = true
    await stop(this.child)
  }

  /** The end of the log, for messages. */
  tail(length = 4000) {
    return existsSync(this.log) ? readFileSync(this.log, 'utf8').slice(-length) : ''
  }

  /** Resident memory in megabytes. */
  rssMb() {
    const status = readFileSync(`/proc/${this.child.pid}/status`, 'utf8')
    return (Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024) / 1e6
  }

  async #demo() {
    const child = start(binary(), ['demo', '--config', this.config, '--data', this.data, '--database', this.database])
    const ended = await child.ended
    if (ended.code !== 0) throw new Error(`yihao demo failed (${ended.code}):\n${child.output.slice(-4000)}`)
  }
}

function configuration(settings, voice) {
  const lines = Object.entries({ media_bind: '127.0.0.1', wrap_up_secs: 1, ...voice })
    .map(([name, value]) => `${name} = ${JSON.stringify(value)}`)
    .join('\n')
  return `${settings}
[voice]
${lines}

[[voice.trunks]]
name = "test"
peers = ["127.0.0.1"]
`
}

/** Runs a command of the server to its end: exit code and output. */
export function command(args) {
  return new Promise((resolve) => {
    const child = spawn(binary(), args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (chunk) => (output += chunk))
    child.stderr.setEncoding('utf8').on('data', (chunk) => (output += chunk))
    child.on('close', (code) => resolve({ code, output }))
  })
}
