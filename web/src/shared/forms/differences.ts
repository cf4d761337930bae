/** What is different between two versions of a form, in words. */
export interface Difference { field: string; label?: { zh?: string; en?: string }; zh?: string; en?: string; change: string; what: string[] }

export function difference(one: Difference, english: boolean, t: (key: string, values?: Record<string, unknown>) => string): string {
  const [zh, en] = [one.label?.zh ?? one.zh ?? '', one.label?.en ?? one.en ?? '']
  if (!one.field) return t('forms.change.form')
  return t(`forms.change.${one.change}`, { name: (english && en) || zh || one.field })
}
