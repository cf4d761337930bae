import { beforeEach, describe, expect, it, vi } from 'vitest'
import { Line, type AgentLike, type LineConfig, type SessionLike } from '@/shared/phone/line'
import { MicrophoneError, microphoneFault } from '@/shared/phone/microphone'

class Emitter {
  private handlers = new Map<string, ((data: any) => void)[]>()
  on(event: string, handler: (data: any) => void): void {
    this.handlers.set(event, [...(this.handlers.get(event) ?? []), handler])
  }
  emit(event: string, data: unknown = {}): void {
    this.handlers.get(event)?.forEach((handler) => handler(data))
  }
}
class FakeSession extends Emitter implements SessionLike {
  ended = false
  answered: object | undefined
  muted = false
  digits: string[] = []
  terminated: unknown[] = []
  remote_identity = { uri: { user: '13800000000' } }
  answer(options: object): void {
    this.answered = options
    this.emit('accepted')
  }
  terminate(options?: object): void {
    this.terminated.push(options)
    this.end('local', 'Terminated')
  }
  end(originator: string, cause: string): void {
    if (this.ended) return
    this.ended = true
    this.emit('ended', { originator, cause })
  }
  mute(): void { this.muted = true }
  unmute(): void { this.muted = false }
  sendDTMF(tone: string): void { this.digits.push(tone) }
  isEnded(): boolean { return this.ended }
}
class FakeAgent extends Emitter implements AgentLike {
  started = false
  stopped = false
  out: FakeSession | undefined
  start(): void { this.started = true }
  stop(): void { this.stopped = true }
  call(): SessionLike {
    this.out = new FakeSession()
    return this.out
  }
  ring(headers: Record<string, string> = {}): FakeSession {
    const session = new FakeSession()
    this.emit('newRTCSession', { originator: 'remote', session, request: { getHeader: (name: string) => headers[name] } })
    return session
  }
}

const config: LineConfig = { url: 'ws://x/sip', uri: 'sip:8001@x', user: '8001', password: 'p', realm: 'x', register: true }
const track = { stop: vi.fn() }
const stream = { getTracks: () => [track] } as unknown as MediaStream

function setUp(open: () => Promise<MediaStream> = async () => stream) {
  const agents: FakeAgent[] = []
  const heard = { onLine: vi.fn(), onPhase: vi.fn(), onIncoming: vi.fn(), onStream: vi.fn(), onEnded: vi.fn(), onMicrophone: vi.fn() }
  const line = new Line(() => { const agent = new FakeAgent(); agents.push(agent); return agent }, heard, open)
  return { line, heard, agent: () => agents.at(-1) as FakeAgent, agents }
}

beforeEach(() => track.stop.mockReset())

describe('a registered line', () => {
  it('is ready once registered, lost with its socket, and ready again', async () => {
    const { line, heard, agent } = setUp()
    await line.connect(config)
    agent().emit('registered')
    agent().emit('disconnected')
    agent().emit('registered')
    expect(heard.onLine.mock.calls.map(([state]) => state)).toEqual(['connecting', 'ready', 'lost', 'ready'])
  })

  it('tells a refusal, which needs new credentials, from a lost network', async () => {
    const { line, heard, agent } = setUp()
    await line.connect(config)
    agent().emit('registrationFailed', { response: { status_code: 403 } })
    expect(heard.onLine).toHaveBeenLastCalledWith('refused')
    agent().emit('registrationFailed', { cause: 'Connection Error' })
    expect(heard.onLine).toHaveBeenLastCalledWith('lost')
  })

  it('rings with the server’s name of the call, is answered, talks and ends', async () => {
    const { line, heard, agent } = setUp()
    await line.connect(config)
    const session = agent().ring({ 'X-Yihao-Call': 'c-1' })
    expect(heard.onIncoming).toHaveBeenCalledWith({ from: '13800000000', callId: 'c-1', autoAnswer: false })
    await line.answer()
    expect(session.answered).toMatchObject({ mediaStream: stream })
    expect(line.phase).toBe('talking')
    session.end('remote', 'Terminated')
    expect(line.phase).toBe('idle')
    expect(heard.onEnded).toHaveBeenCalledWith({ cause: 'Terminated', status: undefined, byUs: false })
    expect(track.stop).toHaveBeenCalled()
  })

  it('keeps ringing when the microphone cannot be opened', async () => {
    const { line, heard, agent } = setUp(async () => { throw new MicrophoneError('denied') })
    await line.connect(config)
    const session = agent().ring()
    await line.answer()
    expect(heard.onMicrophone).toHaveBeenCalledWith('denied')
    expect(line.phase).toBe('ringing')
    expect(session.answered).toBeUndefined()
  })

  it('lets the microphone go when the caller gave up while it was opened', async () => {
    let ready: (stream: MediaStream) => void = () => {}
    const { line, agent } = setUp(() => new Promise((resolve) => (ready = resolve)))
    await line.connect(config)
    const session = agent().ring()
    const answering = line.answer()
    session.end('remote', 'Canceled')
    ready(stream)
    await answering
    expect(line.phase).toBe('idle')
    expect(session.answered).toBeUndefined()
    expect(track.stop).toHaveBeenCalled()
  })

  it('is busy for a second call, but takes back a call that it lost', async () => {
    const { line, heard, agent } = setUp()
    await line.connect(config)
    const first = agent().ring()
    await line.answer()
    const second = agent().ring()
    expect(second.terminated).toEqual([{ status_code: 486 }])
    expect(first.ended).toBe(false)
    const back = agent().ring({ 'X-Yihao-Rebind': '1' })
    expect(first.ended).toBe(true)
    expect(back.ended).toBe(false)
    expect(heard.onIncoming).toHaveBeenLastCalledWith(expect.objectContaining({ autoAnswer: true }))
  })

  it('takes the call that it has again when the server brings it a second time', async () => {
    const { line, heard, agent } = setUp()
    await line.connect(config)
    const first = agent().ring({ 'X-Yihao-Call': 'call-1' })
    await line.answer()
    const other = agent().ring({ 'X-Yihao-Call': 'call-2' })
    expect(other.terminated).toEqual([{ status_code: 486 }])
    const again = agent().ring({ 'X-Yihao-Call': 'call-1' })
    expect(first.ended).toBe(true)
    expect(again.ended).toBe(false)
    expect(heard.onIncoming).toHaveBeenLastCalledWith({ from: expect.anything(), callId: 'call-1', autoAnswer: true })
  })

  it('keeps a running call when only the socket is lost', async () => {
    const { line, agent } = setUp()
    await line.connect(config)
    agent().ring()
    await line.answer()
    agent().emit('disconnected')
    expect(line.phase).toBe('talking')
  })

  it('mutes and sends digits in a call only', async () => {
    const { line, agent } = setUp()
    await line.connect(config)
    const session = agent().ring()
    line.sendDigit('1')
    await line.answer()
    line.sendDigit('5')
    line.sendDigit('x')
    line.setMuted(true)
    expect(session.digits).toEqual(['5'])
    expect(session.muted).toBe(true)
    line.setMuted(false)
    expect(session.muted).toBe(false)
  })

  it('declines while ringing and hangs up while talking', async () => {
    const { line, agent } = setUp()
    await line.connect(config)
    const declined = agent().ring()
    expect(line.hangUp()).toBe(true)
    expect(declined.terminated).toEqual([{ status_code: 486 }])
    const talked = agent().ring()
    await line.answer()
    line.hangUp()
    expect(talked.terminated).toEqual([undefined])
    expect(line.hangUp()).toBe(false)
  })

  it('ignores an old user agent after it connected anew', async () => {
    const { line, heard, agents } = setUp()
    await line.connect(config)
    await line.connect(config)
    agents[0]?.emit('registered')
    expect(agents[0]?.stopped).toBe(true)
    expect(heard.onLine).not.toHaveBeenCalledWith('ready')
  })
})

describe('a citizen’s line', () => {
  it('calls with the microphone open and tells when it fails', async () => {
    const { line, heard, agent } = setUp()
    await line.connect({ ...config, register: false })
    agent().emit('connected')
    expect(line.state).toBe('ready')
    await line.call('sip:12345@x')
    expect(line.phase).toBe('calling')
    agent().out?.emit('failed', { originator: 'remote', cause: 'Busy', message: { status_code: 486 } })
    expect(heard.onEnded).toHaveBeenCalledWith({ cause: 'Busy', status: 486, byUs: false })
    expect(line.phase).toBe('idle')
  })

  it('places no call without a microphone', async () => {
    const { line, agent } = setUp(async () => { throw new MicrophoneError('missing') })
    await line.connect({ ...config, register: false })
    await line.call('sip:12345@x')
    expect(agent().out).toBeUndefined()
    expect(line.phase).toBe('idle')
  })
})

it('sorts microphone faults into what a person can do about them', () => {
  expect(microphoneFault(new DOMException('', 'NotAllowedError'))).toBe('denied')
  expect(microphoneFault(new DOMException('', 'NotFoundError'))).toBe('missing')
  expect(microphoneFault(new DOMException('', 'NotReadableError'))).toBe('busy')
})
