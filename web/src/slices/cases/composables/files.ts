/** Where files of orders go: to a step of an order, or to an order that is being written. */
import { api, BASE } from '@/shared/api'
import type { Attachment } from '@/shared/entities/cases'
import type { FilePlace } from '@/shared/files/types'
import type { Doing } from './actions'

const src = (id: string, thumb = false) => `${BASE}/attachments/${id}${thumb ? '?thumb=true' : ''}`
const remove = (id: string) => api.delete<void>(`/attachments/${id}`)
const BOUNDS = { filesMax: 100, bytesMax: 50 * 1024 * 1024 }

export const attachmentSrc = src

/** The server's word for a step, where the screen has another. */
const STEPS: Partial<Record<Doing, string>> = { assign: 'assignment', close: 'closure', reopen: 'reopen' }
/** What only corrects or confirms takes no files. */
const WITHOUT: ReadonlySet<string> = new Set(['accept', 'edit', 'links', 'recall', 'unmerger', 'restoration', 'jump', 'signers', 'merger', 'split'])

/** The step that files of an action are sent for; none where it takes none. */
export function stepOf(action: Doing): string | undefined {
  return WITHOUT.has(action) ? undefined : (STEPS[action] ?? action)
}

export function stepPlace(caseId: string, step: string, position?: () => { lng: number; lat: number } | undefined): FilePlace {
  return {
    list: async () => (await api.get<{ items: Attachment[] }>(`/cases/${caseId}/attachments`)).items.filter((file) => !file.entry_id && file.step === step),
    target: async () => {
      const at = position?.()
      return `${BASE}/cases/${caseId}/attachments?step=${encodeURIComponent(step)}${at ? `&lng=${at.lng}&lat=${at.lat}` : ''}`
    },
    remove,
    src,
    ...BOUNDS,
  }
}

/** The place of one draft: files of another draft wait at the server too and are not shown. */
export function draftPlace(ids: () => string[]): FilePlace {
  const list = async () => (ids().length ? (await api.get<Attachment[]>('/attachments')).filter((file) => ids().includes(file.id)) : [])
  return { list, target: async () => `${BASE}/attachments`, remove, src, ...BOUNDS }
}
