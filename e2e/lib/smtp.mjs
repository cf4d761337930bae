/** A mail server that takes every letter and keeps it. */
import { createServer } from 'node:net'

export class MailServer {
  letters = []

  static async start() {
    const server = new MailServer()
    server.listener = createServer((socket) => server.#talk(socket))
    await new Promise((done) => server.listener.listen(0, '127.0.0.1', done))
    server.port = server.listener.address().port
    return server
  }

  /** What stands in the settings of the city. */
  get settings() {
    return `[mail]\nserver = "127.0.0.1"\nport = ${this.port}\nsecurity = "none"\nfrom = "12345热线 <report@yunzhou.example>"\n`
  }

  stop() {
    this.listener.close()
  }

  #talk(socket) {
    let text = ''
    let letter
    socket.setEncoding('utf8')
    socket.on('error', () => {})
    socket.write('220 stand-in\r\n')
    socket.on('data', (chunk) => {
      text += chunk
      for (let at = text.indexOf('\r\n'); at >= 0; at = text.indexOf('\r\n')) {
        const line = text.slice(0, at)
        text = text.slice(at + 2)
        if (letter) {
          if (line !== '.') letter.push(line)
          else {
            this.letters.push(letter.join('\n'))
            letter = undefined
            socket.write('250 taken\r\n')
          }
        } else if (/^DATA/i.test(line)) {
          letter = []
          socket.write('354 go on\r\n')
        } else if (/^QUIT/i.test(line)) socket.end('221 bye\r\n')
        else socket.write('250 ok\r\n')
      }
    })
  }
}
