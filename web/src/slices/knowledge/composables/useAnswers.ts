import { ElMessageBox } from 'element-plus'
import { useI18n } from 'vue-i18n'
import { api } from '@/shared/api'
import { answerTarget } from '@/shared/composables/useAnswerTarget'
import { useMessages } from '@/shared/composables/useMessages'
import type { AnswerView } from '@/shared/entities/knowledge'

/** What an agent does with an answer: every use is counted. */
export function useAnswers() {
  const { t } = useI18n()
  const { done, failed } = useMessages()

  function count(entryId: string, purpose: 'read' | 'copied' | 'pasted', answerId?: string): void {
    // The figure is not worth a word when it fails.
    api.post(`/knowledge/entries/${entryId}/uses`, { purpose, answer_id: answerId }).catch(() => {})
  }
  async function copy(entryId: string, answer: AnswerView): Promise<void> {
    try {
      await navigator.clipboard.writeText(answer.text)
    } catch {
      // Without a secure context the browser keeps the clipboard to itself; the old way still works.
      const field = document.createElement('textarea')
      field.value = answer.text
      document.body.append(field)
      field.select()
      document.execCommand('copy')
      field.remove()
    }
    count(entryId, 'copied', answer.id)
    done(t('knowledge.copied'))
  }
  function paste(entryId: string, answer: AnswerView): boolean {
    // What is internal never slips into what a citizen or another unit reads.
    if (!answerTarget.value || answer.audience !== 'public') return false
    answerTarget.value(answer.text)
    count(entryId, 'pasted', answer.id)
    done(t('knowledge.pasted'))
    return true
  }
  async function report(entryId: string, answerId?: string): Promise<void> {
    let text: string
    try {
      const asked = await ElMessageBox.prompt(t('knowledge.wrong_what'), t('knowledge.wrong_title'), {
        inputPattern: /\S/, inputErrorMessage: t('common.required'), inputType: 'textarea', confirmButtonText: t('common.confirm'), cancelButtonText: t('common.cancel'),
      })
      text = asked.value
    } catch {
      return
    }
    try {
      await api.post(`/knowledge/entries/${entryId}/reports`, { text, answer_id: answerId })
      done(t('knowledge.wrong_sent'))
    } catch (cause) {
      failed(cause)
    }
  }
  async function keep(entryId: string, kept: boolean): Promise<boolean> {
    try {
      if (kept) await api.put(`/knowledge/favourites/${entryId}`)
      else await api.delete(`/knowledge/favourites/${entryId}`)
      return kept
    } catch (cause) {
      failed(cause)
      return !kept
    }
  }
  return { count, copy, paste, report, keep, answerTarget }
}
