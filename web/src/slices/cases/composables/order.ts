import type { CaseDraft, CaseType, Urgency } from '@/shared/entities/cases'
import { checkReply, hasAddress, type REPLY_WAYS } from '@/shared/entities/reply'

/** What the order form holds; flat, so that it is a draft and its fields are easily named. */
export interface OrderFields {
  type: CaseType
  category_id: string | null
  title: string
  content: string
  contact_id: string
  name: string
  phone: string
  gender: string
  /** How the citizen wants to be told, and where that leads. */
  reply_way: string
  reply_to: string
  confidential: boolean
  district: string
  address: string
  /** Where it is, in degrees of CGCS2000; nothing when it was not picked. */
  lng: number | null
  lat: number | null
  urgency: Urgency
  answered_at_once: boolean
  answer: string
  preliminary_opinion: string
  /** Files that were sent for it. */
  files: string[]
  /** The order type, and what was filled into the version of its form. */
  order_type_id: string
  form_id: string
  form: Record<string, unknown>
  /** Idempotency key of this draft, made when it is first sent. */
  key: string
}

export function emptyOrder(): OrderFields {
  return {
    type: 'complaint', category_id: null, title: '', content: '', contact_id: '', name: '', phone: '', gender: '', reply_way: 'phone', reply_to: '', confidential: false,
    district: '', address: '', lng: null, lat: null, urgency: 'normal', answered_at_once: false, answer: '', preliminary_opinion: '', order_type_id: '', form_id: '', form: {}, files: [], key: '',
  }
}

/** Text keys of what is missing or wrong, by field. */
export function checkOrder(order: OrderFields): Record<string, string> {
  const wrong: Record<string, string> = {}
  if (!order.category_id) wrong.category_id = 'order.need_category'
  if (!order.name.trim()) wrong.name = 'order.need_name'
  if (!/^\+?[\d\s*-]{5,20}$/.test(order.phone.trim())) wrong.phone = 'order.need_phone'
  const reply = checkReply(order.reply_way, order.reply_to, order.phone)
  if (reply) wrong.to = reply
  if (order.title.trim().length < 2) wrong.title = 'order.need_title'
  if (order.content.trim().length < 2) wrong.content = 'order.need_content'
  if (order.answered_at_once && !order.answer.trim()) wrong.answer = 'order.need_answer'
  return wrong
}

/** Half a place is none. */
const placeOf = ({ lng, lat }: OrderFields) => (lng != null && lat != null ? { lng, lat } : {})
/** Nobody can be called back at a number that neither the agent nor a file knows. */
const leadsNowhere = (order: OrderFields) => order.reply_way === 'phone' && order.phone.includes('*') && !order.contact_id
const orNothing = (text: string) => text.trim() || undefined

export function toCaseDraft(order: OrderFields, callId?: string): CaseDraft {
  return {
    type: order.type,
    category_id: order.category_id,
    title: order.title.trim(),
    content: order.content.trim(),
    contact: {
      ...(order.contact_id ? { id: order.contact_id } : {}),
      name: order.name.trim(),
      // A masked number is no number: the server takes the true one from the call or the file.
      ...(order.phone.includes('*') ? {} : { phone: order.phone.replace(/[\s-]/g, '') }),
      ...(order.gender ? { gender: order.gender } : {}),
      ...(leadsNowhere(order) ? {} : { reply: { way: order.reply_way as (typeof REPLY_WAYS)[number], ...(hasAddress(order.reply_way) ? { to: orNothing(order.reply_to) } : {}) } }),
    },
    confidential: order.confidential,
    place: { district: orNothing(order.district), address: orNothing(order.address), ...placeOf(order) },
    call_id: callId,
    preliminary_opinion: order.answered_at_once ? undefined : orNothing(order.preliminary_opinion),
    answered_at_once: order.answered_at_once,
    answer: order.answered_at_once ? order.answer.trim() : undefined,
    urgency: order.urgency,
    attachments: order.files,
    ...(order.order_type_id ? { order_type_id: order.order_type_id, form_id: order.form_id || undefined, form: order.form as Record<string, never> } : {}),
  }
}
