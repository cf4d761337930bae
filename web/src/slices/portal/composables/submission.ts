/** The citizen's form and its checks. */
import type { PortalDraft } from '@/shared/entities/portal'
import { checkReply, hasAddress } from '@/shared/entities/reply'

export interface Submission {
  type: string
  category_id: string
  sub_category_id: string
  title: string
  content: string
  district: string
  address: string
  /** Where it is, in degrees of CGCS2000; nothing when it was not picked. */
  lng: number | null
  lat: number | null
  name: string
  phone: string
  /** How to be told of the result, and where that leads. */
  reply_way: string
  reply_to: string
  confidential: boolean
  /** The upload ticket, once a file was chosen. */
  uploads: string
  /** The kind of matter, and what was filled into the version of its form. */
  order_type_id: string
  form_id: string
  form: Record<string, unknown>
  key: string
}

export function emptySubmission(): Submission {
  return { type: 'help', category_id: '', sub_category_id: '', title: '', content: '', district: '', address: '', lng: null, lat: null, name: '', phone: '', reply_way: 'phone', reply_to: '', confidential: false, order_type_id: '', form_id: '', form: {}, uploads: '', key: '' }
}

/** Text keys of what is missing, by field, in the order of the form. */
export function checkSubmission(form: Submission, hasSubs: boolean): Record<string, string> {
  const wrong: Record<string, string> = {}
  if (!form.order_type_id && (!form.category_id || (hasSubs && !form.sub_category_id))) wrong.category_id = 'psubmit.need_category'
  if (form.title.trim().length < 2) wrong.title = 'psubmit.need_title'
  if (form.content.trim().length < 5) wrong.content = 'psubmit.need_content'
  if (!form.name.trim()) wrong.name = 'psubmit.need_name'
  if (!/^\+?\d{7,15}$/.test(form.phone.replace(/[\s-]/g, ''))) wrong.phone = 'psubmit.need_phone'
  const reply = checkReply(form.reply_way, form.reply_to, form.phone)
  if (reply) wrong.to = reply
  return wrong
}

export function toPortalCase(form: Submission): PortalDraft {
  const orNothing = (text: string) => text.trim() || undefined
  return {
    type: form.type,
    category_id: form.sub_category_id || form.category_id || undefined,
    title: form.title.trim(),
    content: form.content.trim(),
    contact: { name: form.name.trim(), phone: form.phone.replace(/[\s-]/g, ''), reply_way: form.reply_way, reply_to: hasAddress(form.reply_way) ? orNothing(form.reply_to) : undefined },
    confidential: form.confidential,
    uploads: form.uploads || undefined,
    place: { district: orNothing(form.district), address: orNothing(form.address), ...(form.lng != null && form.lat != null ? { lng: form.lng, lat: form.lat } : {}) },
    ...(form.order_type_id ? { order_type_id: form.order_type_id, form_id: form.form_id || undefined, form: form.form as Record<string, never> } : {}),
  }
}
