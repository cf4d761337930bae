/** A proof of work: the page computes a little before it sends something, instead of asking anybody to read crooked letters. */
import { api, ApiError, type PathFor } from '@/shared/api'

const K = new Uint32Array(64)
const FIRST = new Uint32Array(8)
{
  // The fractions of the roots of the first primes, as the standard has it.
  const fraction = (x: number) => Math.floor((x - Math.floor(x)) * 2 ** 32)
  let found = 0
  for (let n = 2; found < 64; n += 1) {
    let prime = true
    for (let d = 2; d * d <= n; d += 1) if (n % d === 0) { prime = false; break }
    if (!prime) continue
    if (found < 8) FIRST[found] = fraction(Math.sqrt(n))
    K[found] = fraction(Math.cbrt(n))
    found += 1
  }
}
const W = new Uint32Array(64)

/** The first word of the SHA-256 of an ASCII text; written here because the browser's own is asynchronous and needs a secure page. */
export function firstWord(text: string): number {
  const length = text.length
  const blocks = ((length + 8) >> 6) + 1
  const words = new Uint32Array(blocks * 16)
  for (let i = 0; i < length; i += 1) words[i >> 2]! |= text.charCodeAt(i) << (24 - (i % 4) * 8)
  words[length >> 2]! |= 0x80 << (24 - (length % 4) * 8)
  words[blocks * 16 - 1] = length * 8
  const hash = FIRST.slice()
  for (let block = 0; block < blocks; block += 1) {
    let [a, b, c, d, e, f, g, h] = hash as unknown as [number, number, number, number, number, number, number, number]
    for (let i = 0; i < 64; i += 1) {
      if (i < 16) W[i] = words[block * 16 + i]!
      else {
        const x = W[i - 15]!, y = W[i - 2]!
        const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)
        const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10)
        W[i] = (W[i - 16]! + s0 + W[i - 7]! + s1) | 0
      }
      const S1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))
      const t1 = (h + S1 + ((e & f) ^ (~e & g)) + K[i]! + W[i]!) | 0
      const S0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))
      const t2 = (S0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
      h = g; g = f; f = e; e = (d + t1) | 0; d = c; c = b; b = a; a = (t1 + t2) | 0
    }
    hash[0]! += a; hash[1]! += b; hash[2]! += c; hash[3]! += d; hash[4]! += e; hash[5]! += f; hash[6]! += g; hash[7]! += h
  }
  return hash[0]!
}

/** Finds a proof, giving the page its turn now and then. */
export async function solve(stamp: string, bits: number): Promise<string> {
  for (let counter = 0; ; counter += 1) {
    const proof = `${stamp}:${counter}`
    if (Math.clz32(firstWord(proof)) >= bits) return proof
    if (counter % 4000 === 3999) await new Promise((resolve) => setTimeout(resolve))
  }
}

/** Creates something that takes a proof: asks, computes what is wanted, asks again with the same key. */
export async function createWithProof<T>(path: PathFor<'post'>, body: unknown, key: string): Promise<T> {
  try {
    return await api.create<T>(path, body, key)
  } catch (cause) {
    if (!(cause instanceof ApiError) || cause.status !== 428) throw cause
    const { stamp, bits } = cause.extra as { stamp?: string; bits?: number }
    if (!stamp || !bits) throw cause
    return api.create<T>(path, body, key, { headers: { 'proof-of-work': await solve(stamp, bits) } })
  }
}
