import { ElMessage } from 'element-plus'
import { useI18n } from 'vue-i18n'
import { toApiError } from './useLoad'

/** Short notices for what just happened, and errors in the reader's words. */
export function useMessages() {
  const { t } = useI18n()
  function errorText(cause: unknown): string {
    const error = toApiError(cause)
    if (error.isOffline) return t('error.offline')
    if (error.detail) return error.detail
    if (error.status === 403) return t('error.forbidden')
    if (error.status === 404) return t('error.not_found')
    if (error.isStale) return t('error.stale')
    if (error.status === 429) return t('error.too_many')
    return t('error.server')
  }
  return {
    errorText,
    done: (text: string) => void ElMessage({ type: 'success', message: text, grouping: true }),
    warn: (text: string) => void ElMessage({ type: 'warning', message: text, grouping: true }),
    failed: (cause: unknown) => void ElMessage({ type: 'error', message: errorText(cause), grouping: true, duration: 6000 }),
  }
}
