/** Where citizens and outside helpers send files. */
import { api, ApiError, BASE, newKey } from '@/shared/api'
import { createWithProof } from '@/shared/files/proof'
import type { FilePlace, SentFile } from '@/shared/files/types'
import type { UploadTicket, UploadView } from '@/shared/entities/portal'

const BOUNDS = { filesMax: 9, bytesMax: 20 * 1024 * 1024 }

/** A place under a ticket that is asked for when the first file is chosen and kept with the form. */
export function ticketPlace(held: { uploads: string }): FilePlace {
  const path = (id = '') => `/portal/uploads/${encodeURIComponent(held.uploads)}/files${id && `/${id}`}` as const
  let asked: Promise<UploadTicket> | undefined
  return {
    async list() {
      if (!held.uploads) return []
      try {
        return await api.get<SentFile[]>(path() as '/portal/uploads/{token}/files')
      } catch (cause) {
        // A ticket that ended is asked for anew with the next file.
        if (cause instanceof ApiError && cause.status === 410) held.uploads = ''
        return []
      }
    },
    async target() {
      if (!held.uploads) {
        asked ??= createWithProof<UploadTicket>('/portal/uploads', {}, newKey())
        try {
          held.uploads = (await asked).token
        } finally {
          asked = undefined
        }
      }
      return `${BASE}${path()}`
    },
    remove: (id) => api.delete<void>(path(id) as '/portal/uploads/{token}/files/{id}'),
    src: (id, thumb = false) => `${BASE}${path(id)}${thumb ? '?thumb=true' : ''}`,
    ...BOUNDS,
  }
}

export function helpPlace(token: string): FilePlace & { all: () => Promise<UploadView[]> } {
  const base = `/portal/help/${encodeURIComponent(token)}/files`
  const all = () => api.get<UploadView[]>(base as '/portal/help/{token}/files')
  return {
    list: async () => (await all()).filter((file) => file.waiting),
    all,
    target: async () => `${BASE}${base}`,
    remove: (id) => api.delete<void>(`${base}/${id}` as '/portal/help/{token}/files/{id}'),
    src: (id, thumb = false) => `${BASE}${base}/${id}${thumb ? '?thumb=true' : ''}`,
    ...BOUNDS,
  }
}

export function caseFileSrc(number: string, code: string): (id: string, thumb?: boolean) => string {
  return (id, thumb = false) => `${BASE}/portal/cases/${encodeURIComponent(number)}/files/${id}?code=${encodeURIComponent(code)}${thumb ? '&thumb=true' : ''}`
}
