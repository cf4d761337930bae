import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { firstWord, solve } from '../proof'
import { sizeText } from '../types'

describe('the proof of work', () => {
  it('digests as the standard does, at every length around a block', () => {
    for (const length of [0, 1, 3, 54, 55, 56, 63, 64, 65, 119, 120, 200]) {
      const text = 'a'.repeat(length)
      expect(firstWord(text)).toBe(createHash('sha256').update(text).digest().readUInt32BE(0))
    }
  })
  it('finds what the server accepts', async () => {
    const proof = await solve('submit.1772413200000.abc', 10)
    const digest = createHash('sha256').update(proof).digest()
    expect(proof.startsWith('submit.1772413200000.abc:')).toBe(true)
    expect(Math.clz32(digest.readUInt32BE(0))).toBeGreaterThanOrEqual(10)
  })
})

it('tells sizes', () => {
  expect([500, 2048, 5 * 1024 * 1024].map(sizeText)).toEqual(['500 B', '2 KB', '5.0 MB'])
})
