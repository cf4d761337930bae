/**
 * A telephone's sound: sends a tone as PCMA and keeps what it hears. SIPp does
 * the signalling and is told this port in its scenario.
 */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { decodeALaw, decodeMuLaw, encodeALaw, tone } from './sound.mjs'

const FRAME = 160
const RATE = 8000

export class Telephone {
  #socket = createSocket('udp4')
  #remote
  #timer
  #sent = 0
  #sequence = 1000
  #frames = []
  #voice

  /** Opens a port on 127.0.0.1; from the first packet heard on, `hz` is sent back to its sender. */
  static async open({ hz = 440 } = {}) {
    const telephone = new Telephone()
    telephone.#voice = tone(hz, 1, RATE)
    telephone.#socket.on('message', (packet, from) => telephone.#hear(packet, from))
    telephone.#socket.bind(0, '127.0.0.1')
    await once(telephone.#socket, 'listening')
    return telephone
  }

  get port() {
    return this.#socket.address().port
  }

  /** Packets of sound that came. */
  get heard() {
    return this.#frames.length
  }

  /** The last `seconds` of what was heard, in the order in which it came. */
  last(seconds) {
    const frames = this.#frames.slice(-Math.ceil((seconds * RATE) / FRAME))
    return Int16Array.from(frames.flatMap((frame) => Array.from(frame)))
  }

  /** Sends a digit as RFC 4733 events with payload type 101. */
  async press(digit) {
    const code = '0123456789*#'.indexOf(digit)
    const timestamp = this.#sent * FRAME
    for (let step = 1; step <= 8; step += 1) {
      const payload = Buffer.from([code, step > 5 ? 0x8a : 0x0a, 0, 0])
      payload.writeUInt16BE(Math.min(step, 6) * FRAME, 2)
      this.#send(101, payload, timestamp, step === 1)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  close() {
    clearTimeout(this.#timer)
    this.#socket.close()
  }

  #hear(packet, from) {
    if (packet.length <= 12 || packet[0] >> 6 !== 2) return
    const type = packet[1] & 0x7f
    const start = 12 + (packet[0] & 0x0f) * 4
    if (type === 8 || type === 0) {
      const decode = type === 8 ? decodeALaw : decodeMuLaw
      this.#frames.push(Int16Array.from(packet.subarray(start), decode))
    }
    if (!this.#remote) {
      this.#remote = from
      this.#speak(performance.now())
    }
  }

  /** Sends a frame every 20 ms by the clock, so that a late timer does not slow the sound down. */
  #speak(started) {
    const due = Math.floor((performance.now() - started) / 20)
    while (this.#sent <= due) {
      const at = (this.#sent * FRAME) % this.#voice.length
      const frame = Buffer.from(this.#voice.subarray(at, at + FRAME).map(encodeALaw))
      this.#send(8, frame, this.#sent * FRAME, this.#sent === 0)
      this.#sent += 1
    }
    this.#timer = setTimeout(() => this.#speak(started), 10)
  }

  #send(type, payload, timestamp, marker) {
    const header = Buffer.alloc(12)
    header[0] = 0x80
    header[1] = type | (marker ? 0x80 : 0)
    header.writeUInt16BE(this.#sequence & 0xffff, 2)
    header.writeUInt32BE(timestamp >>> 0, 4)
    header.writeUInt32BE(0x59694861, 8)
    this.#sequence += 1
    this.#socket.send(Buffer.concat([header, payload]), this.#remote.port, this.#remote.address, () => {})
  }
}
