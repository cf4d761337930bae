import { toApiError } from '@/shared/composables/useLoad'

/** Passes a refusal on in the words of its first field: they say more than that something is wrong. */
export function plainly(cause: unknown): never {
  const field = toApiError(cause).fields[0]
  throw field ? new Error(field.detail) : cause
}
