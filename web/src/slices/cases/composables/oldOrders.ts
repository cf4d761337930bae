/** Orders of the system that was used before, as a run says what becomes of a file of them. */
export interface OldOrderLine {
  old_number: string
  created_at: number
  settled_at: number
  title: string
  category?: string | null
  unit?: string | null
}

export interface OldOrdersResult {
  accepted: number
  known: number
  rejected: number
  stopped: boolean
  reasons: { line: number; reason: string }[]
  preview: OldOrderLine[]
}

/** The columns of the template, and whether each has to be filled in. */
export const OLD_ORDER_COLUMNS = [
  ['old_number', true],
  ['created_at', true],
  ['settled_at', false],
  ['name', false],
  ['phone', false],
  ['type', false],
  ['category', true],
  ['district', false],
  ['address', false],
  ['title', true],
  ['content', true],
  ['unit', false],
  ['result', true],
  ['status', false],
] as const
