/** The HTTP interface as a member of staff or as a citizen, for what a story does beside the screens. */
import assert from 'node:assert/strict'
import { createHash, randomUUID } from 'node:crypto'
import { PASSWORD } from './city.mjs'

export class Api {
  #cookie = ''

  constructor(url) {
    this.url = url
  }

  /** A signed-in client. */
  static async signIn(url, account, password = PASSWORD) {
    const api = new Api(url)
    api.me = await api.post('/session', { account, password })
    return api
  }

  get(path) {
    return this.#call('GET', path)
  }

  post(path, body = {}) {
    return this.#call('POST', path, body)
  }

  put(path, body = {}) {
    return this.#call('PUT', path, body)
  }

  patch(path, body = {}) {
    return this.#call('PATCH', path, body)
  }

  delete(path) {
    return this.#call('DELETE', path)
  }

  /** The raw response, whatever its status. */
  raw(method, path, { body, headers = {}, signal } = {}) {
    return fetch(`${this.url}/api/v1${path}`, {
      method,
      signal,
      headers: {
        origin: this.url,
        cookie: this.#cookie,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body),
    })
  }

  async #call(method, path, body) {
    const headers = method === 'POST' ? { 'idempotency-key': randomUUID() } : {}
    let response = await this.raw(method, path, { body, headers })
    if (response.status === 428) {
      const { stamp, bits } = await response.json()
      response = await this.raw(method, path, { body, headers: { ...headers, 'proof-of-work': solve(stamp, bits) } })
    }
    const cookie = response.headers.getSetCookie?.()[0]?.split(';')[0]
    if (cookie) this.#cookie = cookie
    const text = await response.text()
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`)
    return text ? JSON.parse(text) : null
  }
}

/** What the portal's page computes before it sends something. */
function solve(stamp, bits) {
  for (let counter = 0; ; counter += 1) {
    const proof = `${stamp}:${counter}`
    const digest = createHash('sha256').update(proof).digest()
    if (Math.clz32(digest.readUInt32BE(0)) >= bits) return proof
  }
}
