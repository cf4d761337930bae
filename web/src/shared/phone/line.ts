/**
 * One telephone line in the page: a SIP user agent over WebSocket with at most
 * one call at a time. The user agent comes from outside, so that tests drive
 * the line with one of their own.
 */
import { closeMicrophone, MicrophoneError, openMicrophone, type MicrophoneState } from './microphone'

export type LineState = 'off' | 'connecting' | 'ready' | 'lost' | 'refused'
export type CallPhase = 'idle' | 'calling' | 'ringing' | 'answering' | 'talking'

export interface LineConfig {
  url: string
  uri: string
  user: string
  password?: string
  realm?: string
  /** False for a citizen's page, which calls once and is never called. */
  register: boolean
  displayName?: string
}

/** The parts of JsSIP's user agent and session that the line needs. */
export interface AgentLike {
  on(event: string, listener: (data: any) => void): unknown
  start(): void
  stop(): void
  isConnected?(): boolean
  register?(): void
  call(target: string, options: object): SessionLike
}
export interface SessionLike {
  direction?: string
  connection?: RTCPeerConnection | null
  remote_identity?: { uri?: { user?: string }; display_name?: string }
  on(event: string, listener: (data: any) => void): unknown
  answer(options: object): void
  terminate(options?: object): void
  mute(options: object): void
  unmute(options: object): void
  sendDTMF(tone: string, options?: object): void
  isEnded(): boolean
}
export type MakeAgent = (config: LineConfig) => Promise<AgentLike> | AgentLike

export interface LineListener {
  onLine(state: LineState): void
  onPhase(phase: CallPhase): void
  /** A call comes in. `callId` is the server's name of the call when it gave one. */
  onIncoming?(call: { from: string; callId?: string; autoAnswer: boolean }): void
  /** The other side rings or plays something before it answers. */
  onProgress?(): void
  onStream(stream: MediaStream | null): void
  onEnded(end: { cause: string; status?: number; byUs: boolean }): void
  onMicrophone(state: MicrophoneState): void
}

/** The call's headers by which the server names the call and asks for an answer without a ring. */
const CALL_HEADERS = ['X-Yihao-Call', 'X-Yihao-Call-Id', 'X-Call-Id']

export class Line {
  phase: CallPhase = 'idle'
  state: LineState = 'off'
  muted = false
  private agent: AgentLike | undefined
  private session: SessionLike | undefined
  private microphone: MediaStream | undefined
  /** The server's name of the call that comes in or runs. */
  private callId: string | undefined
  private turn = 0

  constructor(
    private readonly make: MakeAgent,
    private readonly listener: LineListener,
    private readonly open: () => Promise<MediaStream> = openMicrophone,
  ) {}

  /** Connects (again, when it was connected); a running call outlives a lost socket. */
  async connect(config: LineConfig): Promise<void> {
    this.disconnect()
    const turn = ++this.turn
    this.setState('connecting')
    const agent = await this.make(config)
    if (turn !== this.turn) {
      agent.stop()
      return
    }
    this.agent = agent
    const current = (act: (data: any) => void) => (data: any) => {
      if (this.agent === agent) act(data)
    }
    agent.on('connected', current(() => !config.register && this.setState('ready')))
    agent.on('disconnected', current(() => this.setState('lost')))
    agent.on('registered', current(() => this.setState('ready')))
    agent.on('unregistered', current(() => this.state === 'ready' && this.setState('lost')))
    agent.on(
      'registrationFailed',
      current((data) => this.setState(data?.response ? 'refused' : 'lost')),
    )
    agent.on('newRTCSession', current((data) => data.originator === 'remote' && this.offer(data)))
    agent.start()
  }

  disconnect(): void {
    this.turn++
    const agent = this.agent
    this.agent = undefined
    this.drop()
    if (agent) {
      try {
        agent.stop()
      } catch {
        // A socket that is gone already cannot be closed again.
      }
    }
    this.setState('off')
  }

  /** Calls out with the microphone open first, so that a missing one costs no call. */
  async call(target: string, headers: string[] = []): Promise<void> {
    if (!this.agent || this.phase !== 'idle') return
    this.setPhase('calling')
    const stream = await this.listen('idle')
    if (!stream) return
    const agent = this.agent
    if (!agent || (this.phase as CallPhase) !== 'calling') return closeMicrophone(stream)
    this.microphone = stream
    const eventHandlers = {
      peerconnection: (data: { peerconnection: RTCPeerConnection }) => this.tap(data.peerconnection),
    }
    this.follow(agent.call(target, { ...this.media(stream), extraHeaders: headers, eventHandlers }))
  }

  async answer(): Promise<void> {
    const session = this.session
    if (!session || this.phase !== 'ringing') return
    this.setPhase('answering')
    const stream = await this.listen('ringing')
    if (!stream) return
    if (this.session !== session || session.isEnded()) return closeMicrophone(stream)
    this.microphone = stream
    session.answer(this.media(stream))
  }

  /** Hangs up, rejects or gives up, whatever the call's phase asks for. */
  hangUp(): boolean {
    const session = this.session
    if (!session) {
      if (this.phase === 'calling') this.drop()
      return false
    }
    if (!session.isEnded()) {
      try {
        session.terminate(this.phase === 'ringing' ? { status_code: 486 } : undefined)
      } catch {
        this.drop()
      }
    }
    return true
  }

  setMuted(muted: boolean): void {
    this.muted = muted
    if (muted) this.session?.mute({ audio: true })
    else this.session?.unmute({ audio: true })
  }

  /** Sends a digit as a telephone event within the audio. */
  sendDigit(digit: string): void {
    if (this.phase === 'talking' && /^[0-9A-D*#]$/.test(digit)) {
      this.session?.sendDTMF(digit, { transportType: 'RFC2833', duration: 160, interToneGap: 80 })
    }
  }

  private offer(data: { session: SessionLike; request?: { getHeader?(name: string): string | undefined } }): void {
    const header = (name: string) => data.request?.getHeader?.(name)
    const callId = CALL_HEADERS.map(header).find(Boolean)
    // The call that this page has already comes again when its socket was lost for a while.
    const isSame = callId !== undefined && this.session !== undefined && callId === this.callId
    const rebind = isSame || Boolean(header('X-Yihao-Rebind')) || /auto-?answer|answer-after=0/i.test(`${header('Alert-Info') ?? ''} ${header('Call-Info') ?? ''}`)
    if (this.phase !== 'idle' && !rebind) {
      data.session.terminate({ status_code: 486 })
      return
    }
    if (this.session) this.drop()
    this.callId = callId
    this.follow(data.session)
    data.session.on('peerconnection', (event: { peerconnection: RTCPeerConnection }) => this.tap(event.peerconnection))
    this.setPhase('ringing')
    this.listener.onIncoming?.({
      from: data.session.remote_identity?.uri?.user ?? '',
      callId,
      autoAnswer: rebind,
    })
  }

  private follow(session: SessionLike): void {
    this.session = session
    const mine = (act: (data: any) => void) => (data: any) => {
      if (this.session === session) act(data)
    }
    let gathering: ReturnType<typeof setTimeout> | undefined
    // With no ICE server the first candidates are all there is; waiting for more only delays the answer.
    session.on('icecandidate', (data: { ready: () => void }) => {
      gathering ??= setTimeout(() => data.ready(), 400)
    })
    session.on('progress', mine((data) => data?.originator === 'remote' && this.listener.onProgress?.()))
    session.on('accepted', mine(() => this.talk()))
    session.on('confirmed', mine(() => this.talk()))
    const end = mine((data) => {
      clearTimeout(gathering)
      this.session = undefined
      this.drop()
      this.listener.onEnded({
        cause: String(data?.cause ?? ''),
        status: (data?.message as { status_code?: number } | undefined)?.status_code,
        byUs: data?.originator === 'local',
      })
    })
    session.on('ended', end)
    session.on('failed', end)
  }

  private talk(): void {
    if (this.phase === 'talking') return
    this.setPhase('talking')
    if (this.muted) this.session?.mute({ audio: true })
  }

  private tap(connection: RTCPeerConnection): void {
    connection.addEventListener('track', (event) => {
      this.listener.onStream(event.streams[0] ?? new MediaStream([event.track]))
    })
  }

  private media(stream: MediaStream): object {
    return {
      mediaStream: stream,
      mediaConstraints: { audio: true, video: false },
      pcConfig: { iceServers: [], bundlePolicy: 'max-bundle', rtcpMuxPolicy: 'require' },
    }
  }

  private async listen(otherwise: CallPhase): Promise<MediaStream | undefined> {
    const before = this.phase
    try {
      const stream = await this.open()
      this.listener.onMicrophone('granted')
      return stream
    } catch (cause) {
      this.listener.onMicrophone(cause instanceof MicrophoneError ? cause.state : 'missing')
      if (this.phase === before) this.setPhase(otherwise)
      return undefined
    }
  }

  private drop(): void {
    const session = this.session
    this.session = undefined
    this.callId = undefined
    if (session && !session.isEnded()) {
      try {
        session.terminate()
      } catch {
        // It ended between the question and the act.
      }
    }
    closeMicrophone(this.microphone)
    this.microphone = undefined
    this.muted = false
    this.listener.onStream(null)
    this.setPhase('idle')
  }

  private setState(state: LineState): void {
    if (state === this.state) return
    this.state = state
    this.listener.onLine(state)
  }

  private setPhase(phase: CallPhase): void {
    if (phase === this.phase) return
    this.phase = phase
    this.listener.onPhase(phase)
  }
}
