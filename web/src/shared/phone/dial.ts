/**
 * Calling somebody from any page: the telephone of the page registers itself here, so that a list or a
 * file can offer a call without knowing the telephone.
 */
import { shallowRef } from 'vue'

/** Whom to call: a number, a colleague's seat, or whoever an earlier call or a file names. */
export interface Whom {
  number?: string
  seat_no?: string
  missed_call_id?: string
  call_id?: string
  contact_id?: string
  case_id?: string
}
export type Dial = (whom: Whom) => Promise<boolean>

export const dialler = shallowRef<Dial | null>(null)
export function setDialler(dial: Dial | null): void {
  dialler.value = dial
}
