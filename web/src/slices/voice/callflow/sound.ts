import { ApiError, BASE, url } from '@/shared/api'

let player: HTMLAudioElement | null = null

async function play(response: Response): Promise<void> {
  if (!response.ok) throw await problem(response)
  const address = URL.createObjectURL(await response.blob())
  player?.pause()
  player = new Audio(address)
  player.onended = () => URL.revokeObjectURL(address)
  await player.play()
}

async function problem(response: Response): Promise<ApiError> {
  const body = (await response.json().catch(() => ({}))) as { code?: string; detail?: string }
  return new ApiError(response.status, body.code ?? `http.${response.status}`, body.detail ?? '')
}

const headers = () => ({ 'accept-language': document.documentElement.lang || 'zh-CN' })

/** Plays a prompt as callers hear it. */
export async function playPrompt(id: string, language = 'zh', sound?: string): Promise<void> {
  await play(await fetch(url(`/voice/prompts/${id}/audio`, { language, sound }), { headers: headers(), credentials: 'same-origin' }))
}

/** Lets the voice speak a text. */
export async function playText(text: string, language: string): Promise<void> {
  const body = JSON.stringify({ text, language })
  await play(await fetch(`${BASE}/voice/speech`, { method: 'POST', headers: { ...headers(), 'content-type': 'application/json' }, body, credentials: 'same-origin' }))
}

/** Plays a phrase of my own. */
export async function playOwnPhrase(id: string): Promise<void> {
  await play(await fetch(url(`/voice/own-phrases/${id}/audio`), { headers: headers(), credentials: 'same-origin' }))
}

/** Sends a WAV file as a phrase of my own. */
export async function uploadOwnPhrase(title: string, source: 'upload' | 'recorded', file: Blob): Promise<void> {
  const response = await fetch(url('/voice/own-phrases', { title, source }), { method: 'POST', headers: { ...headers(), 'content-type': 'audio/wav' }, body: file, credentials: 'same-origin' })
  if (!response.ok) throw await problem(response)
}

/** Sends a WAV file as the sound of a prompt. */
export async function uploadSound<T>(id: string, language: string, source: 'upload' | 'recorded', file: Blob): Promise<T> {
  const response = await fetch(url(`/voice/prompts/${id}/sounds`, { language, source }), { method: 'POST', headers: { ...headers(), 'content-type': 'audio/wav' }, body: file, credentials: 'same-origin' })
  if (!response.ok) throw await problem(response)
  return (await response.json()) as T
}

/** Makes a WAV file of samples between −1 and 1. */
export function wavOf(samples: Float32Array, rate: number): Blob {
  const view = new DataView(new ArrayBuffer(44 + samples.length * 2))
  const text = (at: number, word: string) => [...word].forEach((letter, index) => view.setUint8(at + index, letter.charCodeAt(0)))
  text(0, 'RIFF')
  view.setUint32(4, 36 + samples.length * 2, true)
  text(8, 'WAVEfmt ')
  view.setUint32(16, 16, true)
  view.setUint16(20, 1, true)
  view.setUint16(22, 1, true)
  view.setUint32(24, rate, true)
  view.setUint32(28, rate * 2, true)
  view.setUint16(32, 2, true)
  view.setUint16(34, 16, true)
  text(36, 'data')
  view.setUint32(40, samples.length * 2, true)
  samples.forEach((sample, index) => view.setInt16(44 + index * 2, Math.max(-1, Math.min(1, sample)) * 32767, true))
  return new Blob([view], { type: 'audio/wav' })
}

/** Records from the microphone until `stop`; the file is what the browser heard, as WAV. */
export async function record(): Promise<{ stop: () => Promise<Blob> }> {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: false, noiseSuppression: true } })
  const recorder = new MediaRecorder(stream)
  const parts: Blob[] = []
  recorder.ondataavailable = (event) => parts.push(event.data)
  recorder.start()
  return {
    stop: () =>
      new Promise((resolve, reject) => {
        recorder.onstop = () => {
          stream.getTracks().forEach((track) => track.stop())
          void decode(new Blob(parts, { type: recorder.mimeType })).then(resolve, reject)
        }
        recorder.stop()
      }),
  }
}

async function decode(sound: Blob): Promise<Blob> {
  const context = new AudioContext()
  try {
    const buffer = await context.decodeAudioData(await sound.arrayBuffer())
    return wavOf(buffer.getChannelData(0), buffer.sampleRate)
  } finally {
    void context.close()
  }
}
