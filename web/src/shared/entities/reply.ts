/** How citizens are told of the result. */
export const REPLY_WAYS = ['phone', 'sms', 'email', 'fax'] as const
/** A fax is sent by hand; citizens who write by themselves are not offered it. */
export const CITIZEN_REPLY_WAYS = ['phone', 'sms', 'email'] as const

/** A mail or a fax leads nowhere without an address. */
export function needsAddress(way: string): boolean {
  return way === 'email' || way === 'fax'
}
/** A short message may go to another number than the one to call back. */
export function hasAddress(way: string): boolean {
  return needsAddress(way) || way === 'sms'
}

/** The text key of what is wrong with a way; nothing when it leads somewhere. */
export function checkReply(way: string, to: string, phone: string): string | undefined {
  const address = to.trim()
  if (way === 'email') return /^[^\s@<>,;"]+@[^\s@<>,;"]+\.[^\s@.<>,;"]+$/.test(address) ? undefined : 'reply.need_mail'
  if (way === 'fax') return /^[\d+\s()-]{5,32}$/.test(address) ? undefined : 'reply.need_fax'
  // A masked number is checked by the server, which knows it.
  if (way === 'sms' && !phone.includes('*')) return /^(\+?86|0086)?1\d{10}$/.test((address || phone).replace(/[\s-]/g, '')) ? undefined : 'reply.need_mobile'
  return undefined
}
