/** Tones, A-law and WAV: enough to send a pitch through a call and find it again. */
import { readFileSync, writeFileSync } from 'node:fs'

/** A sine of `hz` as 16-bit samples. */
export function tone(hz, seconds, rate = 8000, amplitude = 0.4) {
  const samples = new Int16Array(Math.round(seconds * rate))
  for (let i = 0; i < samples.length; i += 1) {
    samples[i] = Math.round(Math.sin((2 * Math.PI * hz * i) / rate) * amplitude * 32767)
  }
  return samples
}

/**
 * The share of the sound's energy that lies at one pitch, from 0 to 1 (Goertzel
 * in blocks of 50 ms, so that a phase jump costs one block only). Silence gives 0.
 */
export function share(samples, hz, rate = 8000) {
  const block = Math.round(rate / 20)
  const coefficient = 2 * Math.cos((2 * Math.PI * hz) / rate)
  let found = 0
  let total = 0
  for (let start = 0; start + block <= samples.length; start += block) {
    let [older, newer] = [0, 0]
    for (let i = 0; i < block; i += 1) {
      const sample = samples[start + i] / 32768
      total += sample * sample
      ;[older, newer] = [newer, sample + coefficient * newer - older]
    }
    const power = older * older + newer * newer - coefficient * older * newer
    found += (2 * power) / block
  }
  return total / Math.max(samples.length, 1) < 1e-6 ? 0 : Math.min(1, found / total)
}

/**
 * How well a short piece of sound is found somewhere in a longer one, from 0 to
 * 1 (normalised cross-correlation): the same recording gives nearly 1 whatever
 * its volume, another one stays far below.
 */
export function likeness(long, piece) {
  const [length, from] = [piece.length, Float64Array.from(long)]
  const ofPiece = Math.sqrt(piece.reduce((sum, sample) => sum + sample * sample, 0))
  let energy = 0
  let best = 0
  for (let at = 0; at < from.length; at += 1) {
    energy += from[at] ** 2 - (at >= length ? from[at - length] ** 2 : 0)
    if (at < length - 1 || energy < 1e4 * length || ofPiece === 0) continue
    let product = 0
    for (let i = 0, start = at - length + 1; i < length; i += 1) product += from[start + i] * piece[i]
    best = Math.max(best, Math.abs(product) / (Math.sqrt(energy) * ofPiece))
  }
  return best
}

/** The loudest piece of a sound, to look for it elsewhere. */
export function loudest(samples, seconds, rate = 8000) {
  const length = Math.round(seconds * rate)
  let best = samples.subarray(0, length)
  for (let at = 0; at + length <= samples.length; at += length >> 1) {
    const piece = samples.subarray(at, at + length)
    if (loudness(piece) > loudness(best)) best = piece
  }
  return best
}

/** A prompt of the server as samples. */
export function prompt(name) {
  const path = new URL(`../../crates/voice/prompts/${name}.alaw`, import.meta.url)
  return Int16Array.from(readFileSync(path), decodeALaw)
}

/** Mean loudness from 0 to 1. */
export function loudness(samples) {
  let sum = 0
  for (const sample of samples) sum += (sample / 32768) ** 2
  return Math.sqrt(sum / Math.max(samples.length, 1))
}

/** One 16-bit sample as A-law (ITU-T G.711). */
export function encodeALaw(sample) {
  const sign = sample >= 0 ? 0x80 : 0
  let magnitude = Math.min(sample >= 0 ? sample : -sample - 1, 32767) >> 3
  let exponent = 0
  if (magnitude >= 32) {
    exponent = 1
    while (magnitude >= 64 && exponent < 7) {
      magnitude >>= 1
      exponent += 1
    }
    magnitude -= 32
  }
  const mantissa = exponent === 0 ? magnitude >> 1 : (magnitude >> 1) & 0x0f
  return (sign | (exponent << 4) | mantissa) ^ 0x55
}

/** One A-law byte as a 16-bit sample. */
export function decodeALaw(byte) {
  const code = byte ^ 0x55
  const exponent = (code >> 4) & 7
  const mantissa = code & 0x0f
  const magnitude = exponent === 0 ? (mantissa << 4) + 8 : ((mantissa << 4) + 0x108) << (exponent - 1)
  return code & 0x80 ? magnitude : -magnitude
}

/** One µ-law byte as a 16-bit sample. */
export function decodeMuLaw(byte) {
  const code = ~byte & 0xff
  const magnitude = (((code & 0x0f) << 3) + 0x84) << ((code >> 4) & 7)
  return code & 0x80 ? 0x84 - magnitude : magnitude - 0x84
}

/** Writes 16-bit PCM, one channel. */
export function writeWav(path, samples, rate) {
  const header = Buffer.alloc(44)
  const bytes = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength)
  header.write('RIFF', 0)
  header.writeUInt32LE(36 + bytes.length, 4)
  header.write('WAVEfmt ', 8)
  header.writeUInt32LE(16, 16)
  header.writeUInt16LE(1, 20)
  header.writeUInt16LE(1, 22)
  header.writeUInt32LE(rate, 24)
  header.writeUInt32LE(rate * 2, 28)
  header.writeUInt16LE(2, 32)
  header.writeUInt16LE(16, 34)
  header.write('data', 36)
  header.writeUInt32LE(bytes.length, 40)
  writeFileSync(path, Buffer.concat([header, bytes]))
  return path
}

/**
 * Reads a WAV of PCM16, A-law or µ-law, as a path or as bytes: sample rate and
 * one `Int16Array` a channel. A length field that a crash left wrong is cut to
 * what is there, as players do.
 */
export function readWav(source) {
  const file = typeof source === 'string' ? readFileSync(source) : Buffer.from(source)
  if (file.toString('latin1', 0, 4) !== 'RIFF' || file.toString('latin1', 8, 12) !== 'WAVE') {
    throw new Error(`no WAV file: starts with ${file.subarray(0, 12).toString('hex')}`)
  }
  let format
  for (let at = 12; at + 8 <= file.length; ) {
    const name = file.toString('latin1', at, at + 4)
    const length = file.readUInt32LE(at + 4)
    const body = file.subarray(at + 8, Math.min(at + 8 + length, file.length))
    if (name === 'fmt ') {
      format = {
        code: body.readUInt16LE(0) === 0xfffe ? body.readUInt16LE(24) : body.readUInt16LE(0),
        channels: body.readUInt16LE(2),
        rate: body.readUInt32LE(4),
        bits: body.readUInt16LE(14),
      }
    } else if (name === 'data') {
      return { rate: format.rate, channels: split(body, format) }
    }
    at += 8 + length + (length % 2)
  }
  throw new Error('a WAV file without data')
}

function split(body, { code, channels, bits }) {
  const width = bits / 8
  const decode = { 1: (at) => body.readInt16LE(at), 6: (at) => decodeALaw(body[at]), 7: (at) => decodeMuLaw(body[at]) }[code]
  if (!decode || (code === 1 && bits !== 16)) throw new Error(`WAV format ${code} with ${bits} bits`)
  const frames = Math.floor(body.length / (width * channels))
  return Array.from({ length: channels }, (_, channel) =>
    Int16Array.from({ length: frames }, (_, i) => decode((i * channels + channel) * width)),
  )
}
