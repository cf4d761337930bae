import type { Case } from '@/shared/entities/cases'

/** What came of telling the result in writing; nothing while it has not been tried. */
export function lastResult(order: Pick<Case, 'told'>) {
  return (order.told ?? []).filter((one) => one.moment === 'result').at(-1)
}
