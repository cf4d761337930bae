/** The microphone: what is wrong with it when it cannot be used, and how it is opened. */

export type MicrophoneState = 'unknown' | 'granted' | 'denied' | 'missing' | 'busy' | 'insecure'

const STORAGE = 'yihao.audio'

export interface AudioSettings {
  /** Echo cancellation, noise suppression and gain control of the browser. */
  processing: boolean
  ring: boolean
  autoAnswer: boolean
  /** Whether the line stays open, when the other side has hung up, until the agent lets it go. */
  releaseByHand: boolean
}

export function audioSettings(): AudioSettings {
  const defaults: AudioSettings = { processing: true, ring: true, autoAnswer: false, releaseByHand: false }
  try {
    return { ...defaults, ...(JSON.parse(localStorage.getItem(STORAGE) ?? '{}') as Partial<AudioSettings>) }
  } catch {
    return defaults
  }
}

export function saveAudioSettings(settings: AudioSettings): void {
  localStorage.setItem(STORAGE, JSON.stringify(settings))
}

export class MicrophoneError extends Error {
  constructor(readonly state: MicrophoneState) {
    super(`microphone: ${state}`)
    this.name = 'MicrophoneError'
  }
}

/** Sorts the browser's error names into what the person in front of it can do about them. */
export function microphoneFault(cause: unknown): MicrophoneState {
  const name = cause instanceof Error || cause instanceof DOMException ? cause.name : ''
  if (/NotAllowed|Permission|Security/.test(name)) return 'denied'
  if (/NotFound|DevicesNotFound|Overconstrained/.test(name)) return 'missing'
  if (/NotReadable|TrackStart|Abort/.test(name)) return 'busy'
  return 'missing'
}

/** Opens the microphone; throws `MicrophoneError` with the reason in one word. */
export async function openMicrophone(): Promise<MediaStream> {
  // Browsers hide the devices from pages that came over plain HTTP from another machine.
  if (!navigator.mediaDevices?.getUserMedia) throw new MicrophoneError(window.isSecureContext ? 'missing' : 'insecure')
  const { processing } = audioSettings()
  try {
    return await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: processing, noiseSuppression: processing, autoGainControl: processing },
      video: false,
    })
  } catch (cause) {
    throw new MicrophoneError(microphoneFault(cause))
  }
}

export function closeMicrophone(stream?: MediaStream | null): void {
  stream?.getTracks().forEach((track) => track.stop())
}
