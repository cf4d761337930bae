import { useI18n } from 'vue-i18n'
import { useRoute } from 'vue-router'

/** Takes language and colours from the address, where a page stands in another site's frame. */
export function useEmbedding(embedded?: boolean): void {
  if (!embedded) return
  const { locale } = useI18n()
  const route = useRoute()
  if (route.query.lang === 'en') locale.value = 'en'
  if (route.query.lang === 'zh') locale.value = 'zh-CN'
  if (route.query.theme === 'dark') document.documentElement.classList.add('dark')
  if (route.query.theme === 'light') document.documentElement.classList.remove('dark')
}
