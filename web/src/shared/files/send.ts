/** Sends one file and survives a lost connection: the server takes the same file once, so it is simply sent again. */
import { ApiError, languageNow, type FieldError } from '@/shared/api'

const TRIES = 6
const PAUSES_MS = [1000, 2000, 4000, 8000, 15000]

export interface Sending {
  onProgress?: (share: number) => void
  onWaiting?: (waiting: boolean) => void
  signal?: AbortSignal
}

function problemOf(status: number, text: string): ApiError {
  let body: Record<string, unknown> = {}
  try {
    body = JSON.parse(text) as Record<string, unknown>
  } catch {
    // A proxy answers with something else than JSON.
  }
  const fields = Array.isArray(body.errors) ? (body.errors as FieldError[]) : []
  const detail = fields[0]?.detail ?? (typeof body.detail === 'string' ? body.detail : '')
  return new ApiError(status, typeof body.code === 'string' ? body.code : `http.${status}`, detail, fields)
}

function once<T>(address: string, file: File, thumb: Blob | undefined, sending: Sending): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const form = new FormData()
    if (thumb) form.append('thumb', thumb, 'thumb.jpg')
    form.append('file', file, file.name || 'file')
    const request = new XMLHttpRequest()
    request.open('POST', address)
    request.setRequestHeader('accept', 'application/json')
    request.setRequestHeader('accept-language', languageNow())
    request.upload.onprogress = (event) => sending.onProgress?.(event.total ? event.loaded / event.total : 0)
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve(JSON.parse(request.responseText) as T)
      else reject(problemOf(request.status, request.responseText))
    }
    request.onerror = () => reject(new ApiError(0, 'network', ''))
    request.onabort = () => reject(new DOMException('', 'AbortError'))
    sending.signal?.addEventListener('abort', () => request.abort())
    request.send(form)
  })
}

/** Waits for a while, or until the network says that it is back. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      clearTimeout(timer)
      window.removeEventListener('online', go)
      resolve()
    }
    const timer = setTimeout(go, ms)
    window.addEventListener('online', go)
  })
}

const isPassing = (fault: ApiError) => fault.status === 0 || fault.status === 408 || fault.status === 429 || fault.status >= 502

export async function sendFile<T>(address: () => Promise<string>, file: File, thumb: Blob | undefined, sending: Sending = {}): Promise<T> {
  for (let turn = 0; ; turn += 1) {
    try {
      return await once<T>(await address(), file, thumb, sending)
    } catch (cause) {
      const fault = cause instanceof ApiError ? cause : undefined
      if (!fault || !isPassing(fault) || turn + 1 >= TRIES || sending.signal?.aborted) throw cause
      sending.onWaiting?.(true)
      await pause(PAUSES_MS[turn] ?? 15000)
      sending.onWaiting?.(false)
    }
  }
}
