import { computed } from 'vue'
import { useI18n } from 'vue-i18n'
import type { components } from '@/api/schema'
import { api } from '@/shared/api'
import { useLoad } from '@/shared/composables/useLoad'

export type SummaryField = components['schemas']['SummaryField']
export type SummaryFields = components['schemas']['SummaryFields']
export type SummaryValue = string | number | boolean | undefined
export type SummaryValues = Record<string, SummaryValue>

/** The city's own fields of the summary of a call. */
export function useSummaryFields() {
  const { t, locale } = useI18n()
  const load = useLoad(() => api.get<SummaryFields>('/voice/summary-fields'))
  const fields = computed<SummaryField[]>(() => load.data.value?.fields ?? [])
  const nameOf = (field: SummaryField) => (locale.value.startsWith('zh') ? field.zh : field.en || field.zh)
  /** What a summary says in these fields, as `name: value`. */
  function shown(values?: Record<string, unknown> | null): { name: string; value: string }[] {
    return fields.value
      .filter((field) => values?.[field.key] !== undefined && values[field.key] !== null)
      .map((field) => {
        const value = values![field.key]
        return { name: nameOf(field), value: typeof value === 'boolean' ? t(value ? 'summary_fields.yes' : 'summary_fields.no') : String(value) }
      })
  }
  return { fields, loading: load.loading, error: load.error, reload: load.reload, data: load.data, nameOf, shown }
}
