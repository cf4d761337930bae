/** A unit's reader sees only the own rows of a report. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Api } from '../lib/api.mjs'
import { account } from '../lib/city.mjs'
import { until } from '../lib/processes.mjs'
import { Server } from '../lib/server.mjs'

let server
before(async () => {
  server = await Server.start()
})
after(async () => {
  await server?.stop()
})

test("a unit's reader sees only the own rows", async () => {
  const path = '/reports/unit?from=2020-01-01&to=2029-12-31&measures=created'
  const reader = await Api.signIn(server.url, account('unit_admin'))
  const leader = await Api.signIn(server.url, account('hotline_manager'))
  await until('the facts are built', async () => !(await leader.get(path)).building)
  const [answer, all] = [await reader.get(path), await leader.get(path)]
  assert.ok(answer.totals[0] < all.totals[0], 'the unit sees as much as the centre')
  assert.ok(answer.lines.length < all.lines.length, 'the unit sees the rows of others')
  const clerk = await Api.signIn(server.url, account('unit_clerk'))
  assert.equal((await clerk.raw('GET', '/reports')).status, 403)
})
