/**
 * The one way to the server: JSON over fetch with typed errors.
 *
 * Creating requests carry an `Idempotency-Key`, so that a repeated click or a
 * retry after a lost answer never creates a second order.
 *
 * Paths are checked against the server's own document: a misspelt one, or a
 * method that it does not have, does not compile.
 */
import type { paths } from '@/api/schema'

type Filled<P extends string> = P extends `${infer Head}{${string}}${infer Rest}` ? `${Head}${string}${Filled<Rest>}` : P
type Method = 'get' | 'post' | 'put' | 'patch' | 'delete'

/** The paths that take a method, with their parameters filled in. */
export type PathFor<M extends Method> = Filled<{ [P in keyof paths]: paths[P][M] extends object ? P : never }[keyof paths]>
export type FilePath = Filled<Extract<keyof paths, `${string}.xlsx` | `${string}/file`>>

export interface FieldError {
  field: string
  code: string
  detail: string
}

/** What the server (or the way to it) answered instead of a result. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly fields: FieldError[] = [],
    readonly traceId = '',
    /** Additional members of the problem, such as `current` of a version conflict. */
    readonly extra: Record<string, unknown> = {},
  ) {
    super(detail || code)
    this.name = 'ApiError'
  }

  /** True when somebody else changed the thing since it was read. */
  get isStale(): boolean {
    return this.status === 409 && /stale|version/.test(this.code)
  }

  /** True when no answer came at all. */
  get isOffline(): boolean {
    return this.status === 0
  }
}

export type Query = Record<string, string | number | boolean | null | undefined>

export interface Page<T> {
  items: T[]
  next_cursor?: string | null
  total?: number | null
}

interface Options {
  query?: Query
  signal?: AbortSignal
  idempotencyKey?: string
  /** Further headers, such as a proof of work. */
  headers?: Record<string, string>
  /** Keeps a 401 from leading to the login page (used by the login page itself). */
  quiet401?: boolean
}

export const BASE = '/api/v1'

let onUnauthorised: () => void = () => {}
let language = () => 'zh-CN'

/** Sets what happens when the session has ended, and how the language is known. */
export function configureApi(hooks: { onUnauthorised?: () => void; language?: () => string }): void {
  if (hooks.onUnauthorised) onUnauthorised = hooks.onUnauthorised
  if (hooks.language) language = hooks.language
}

/** The language of answers now. */
export function languageNow(): string {
  return language()
}

/** A random key; works without a secure context, where `crypto.randomUUID` is missing. */
export function newKey(): string {
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID()
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('')
}

export function url(path: string, query?: Query): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null && value !== '') parameters.set(name, String(value))
  }
  const text = parameters.toString()
  return `${BASE}${path}${text ? `?${text}` : ''}`
}

async function problemOf(response: Response): Promise<ApiError> {
  let body: Record<string, unknown> = {}
  try {
    body = (await response.json()) as Record<string, unknown>
  } catch {
    // A proxy or a crash answers with something else than JSON; the status still tells enough.
  }
  const { type: _type, title, status: _status, code, detail, trace_id, errors, ...extra } = body
  return new ApiError(
    response.status,
    typeof code === 'string' ? code : `http.${response.status}`,
    typeof detail === 'string' && detail ? detail : typeof title === 'string' ? title : '',
    Array.isArray(errors) ? (errors as FieldError[]) : [],
    typeof trace_id === 'string' ? trace_id : '',
    extra,
  )
}

async function send(method: string, path: string, body: unknown, options: Options): Promise<Response> {
  const headers: Record<string, string> = { accept: 'application/json', 'accept-language': language() }
  const raw = body instanceof Blob
  if (body !== undefined) headers['content-type'] = raw ? 'application/octet-stream' : 'application/json'
  Object.assign(headers, options.headers)
  if (options.idempotencyKey) headers['idempotency-key'] = options.idempotencyKey
  let response: Response
  try {
    response = await fetch(url(path, options.query), {
      method,
      headers,
      body: raw ? body : body === undefined ? undefined : JSON.stringify(body),
      credentials: 'same-origin',
      signal: options.signal,
    })
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause
    throw new ApiError(0, 'network', '')
  }
  if (response.ok) return response
  if (response.status === 401 && !options.quiet401) onUnauthorised()
  throw await problemOf(response)
}

async function request<T>(method: string, path: string, body: unknown, options: Options): Promise<T> {
  const response = await send(method, path, body, options)
  if (response.status === 204) return undefined as T
  const text = await response.text()
  return (text ? JSON.parse(text) : undefined) as T
}

export const api = {
  get: <T>(path: PathFor<'get'>, query?: Query, options: Options = {}) =>
    request<T>('GET', path, undefined, { ...options, query }),
  /** Sends a command that may be repeated without harm or is guarded by a version. */
  post: <T>(path: PathFor<'post'>, body: unknown = {}, options: Options = {}) => request<T>('POST', path, body, options),
  /** Creates something once, however often the same key is sent. */
  create: <T>(path: PathFor<'post'>, body: unknown, idempotencyKey = newKey(), options: Options = {}) =>
    request<T>('POST', path, body, { ...options, idempotencyKey }),
  put: <T>(path: PathFor<'put'>, body: unknown = {}, options: Options = {}) => request<T>('PUT', path, body, options),
  patch: <T>(path: PathFor<'patch'>, body: unknown, options: Options = {}) => request<T>('PATCH', path, body, options),
  delete: <T>(path: PathFor<'delete'>, body?: unknown, options: Options = {}) => request<T>('DELETE', path, body, options),

  /** Asks for a file with a body, such as a reason, and hands it to the browser's downloads. */
  async fetchFile(path: PathFor<'post'>, body: unknown, name: string): Promise<void> {
    const response = await send('POST', path, body, {})
    const link = document.createElement('a')
    link.href = URL.createObjectURL(await response.blob())
    link.download = name
    link.click()
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
  },

  /** Sends a file as it is. */
  async upload<T>(path: PathFor<'post'>, file: Blob, query: Query = {}): Promise<T> {
    const response = await send('POST', path, file, { query })
    return (await response.json()) as T
  },

  /** Replaces a file, or what is said of it. */
  async replaceFile<T>(path: PathFor<'put'>, file: Blob, query: Query = {}): Promise<T> {
    const response = await send('PUT', path, file, { query })
    return (await response.json()) as T
  },

  /** Fetches what is not named like a file and hands it to the browser's downloads. */
  async saveFile(path: PathFor<'get'>, fallbackName: string): Promise<void> {
    await this.download(path as FilePath, {}, fallbackName)
  },

  /** Fetches a file and hands it to the browser's downloads. */
  async download(path: FilePath, query: Query, fallbackName: string): Promise<void> {
    const response = await send('GET', path, undefined, { query })
    const disposition = response.headers.get('content-disposition') ?? ''
    const encoded = /filename\*=UTF-8''([^;]+)/i.exec(disposition)?.[1]
    const plain = /filename="?([^";]+)"?/i.exec(disposition)?.[1]
    const link = document.createElement('a')
    link.href = URL.createObjectURL(await response.blob())
    link.download = encoded ? decodeURIComponent(encoded) : (plain ?? fallbackName)
    link.click()
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
  },
}

/** Lists come as a page or, when they are short by nature, as a plain array. */
export function itemsOf<T>(answer: T[] | Page<T> | null | undefined): T[] {
  if (!answer) return []
  return Array.isArray(answer) ? answer : (answer.items ?? [])
}
