import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { api, ApiError, configureApi, itemsOf, url } from '@/shared/api'

const fetched = vi.fn<typeof fetch>()
const json = (body: unknown, status = 200, type = 'application/json') => new Response(JSON.stringify(body), { status, headers: { 'content-type': type } })

beforeEach(() => {
  vi.stubGlobal('fetch', fetched)
})
afterEach(() => {
  fetched.mockReset()
  vi.unstubAllGlobals()
  configureApi({ onUnauthorised: () => {} })
})

describe('api', () => {
  it('leaves empty filters out of the address', () => {
    expect(url('/cases', { q: '', status: undefined, limit: 50, mine: false })).toBe('/api/v1/cases?limit=50&mine=false')
  })

  it('sends the same key when the same draft is sent again', async () => {
    fetched.mockImplementation(async () => json({ id: '1' }, 201))
    await api.create('/cases', {}, 'key-1')
    await api.create('/cases', {}, 'key-1')
    const keys = fetched.mock.calls.map(([, init]) => (init?.headers as Record<string, string>)['idempotency-key'])
    expect(keys).toEqual(['key-1', 'key-1'])
  })

  it('turns a problem into a typed error with fields and further members', async () => {
    fetched.mockResolvedValue(
      json({ title: 'Conflict', status: 409, code: 'case.stale_version', detail: '已被修改', trace_id: 't1', errors: [{ field: 'title', code: 'x', detail: 'y' }], current: { version: 4 } }, 409, 'application/problem+json'),
    )
    const error = await api.post('/cases/1/review', {}).catch((cause: unknown) => cause)
    expect(error).toBeInstanceOf(ApiError)
    expect(error).toMatchObject({ status: 409, code: 'case.stale_version', detail: '已被修改', traceId: 't1', isStale: true, extra: { current: { version: 4 } } })
    expect((error as ApiError).fields).toHaveLength(1)
  })

  it('survives an answer that is not JSON', async () => {
    fetched.mockResolvedValue(new Response('<html>Bad gateway</html>', { status: 502 }))
    await expect(api.get('/cases')).rejects.toMatchObject({ status: 502, code: 'http.502' })
  })

  it('tells a lost network from a refusal', async () => {
    fetched.mockRejectedValue(new TypeError('failed to fetch'))
    await expect(api.get('/cases')).rejects.toMatchObject({ isOffline: true })
  })

  it('leads to the login page when the session ended, except from the login page', async () => {
    const ended = vi.fn()
    configureApi({ onUnauthorised: ended })
    fetched.mockImplementation(async () => json({ code: 'session.none' }, 401))
    await api.get('/cases').catch(() => {})
    await api.post('/session', {}, { quiet401: true }).catch(() => {})
    expect(ended).toHaveBeenCalledTimes(1)
  })

  it('reads pages and plain lists alike', () => {
    expect(itemsOf([1])).toEqual([1])
    expect(itemsOf({ items: [2], next_cursor: null })).toEqual([2])
    expect(itemsOf(undefined)).toEqual([])
  })
})
