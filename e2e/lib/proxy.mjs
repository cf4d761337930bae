/** A wire that can be cut: passes TCP on to the server until told to drop everything. */
import { once } from 'node:events'
import { connect, createServer } from 'node:net'

export class Wire {
  #sockets = new Set()
  #isCut = false

  static async to(port) {
    const wire = new Wire()
    wire.server = createServer((near) => wire.#join(near, port)).listen(0, '127.0.0.1')
    await once(wire.server, 'listening')
    wire.port = wire.server.address().port
    wire.url = `http://127.0.0.1:${wire.port}`
    return wire
  }

  /** Drops all connections, and refuses new ones until `mend`. */
  cut() {
    this.#isCut = true
    for (const socket of this.#sockets) socket.destroy()
  }

  mend() {
    this.#isCut = false
  }

  close() {
    this.cut()
    this.server.close()
  }

  #join(near, port) {
    if (this.#isCut) return near.destroy()
    const far = connect(port, '127.0.0.1')
    for (const [one, other] of [[near, far], [far, near]]) {
      this.#sockets.add(one)
      one.on('error', () => other.destroy())
      one.on('close', () => {
        this.#sockets.delete(one)
        other.destroy()
      })
      one.pipe(other)
    }
  }
}
