import { createI18n } from 'vue-i18n'
import { split, type Texts } from './pairs'

export type Language = 'zh-CN' | 'en'

const STORAGE = 'yihao.lang'

/** The reader's own choice, else the browser's language, else Chinese. */
export function preferredLanguage(): Language {
  const stored = localStorage.getItem(STORAGE)
  if (stored === 'zh-CN' || stored === 'en') return stored
  return /^zh/i.test(navigator.language || 'zh') ? 'zh-CN' : 'en'
}

/** Remembers the choice here and, as a cookie, for texts that the server writes. */
export function rememberLanguage(language: Language): void {
  localStorage.setItem(STORAGE, language)
  document.cookie = `lang=${language === 'en' ? 'en' : 'zh'}; path=/; max-age=31536000; samesite=strict`
  document.documentElement.lang = language
}

export function makeI18n(texts: Texts) {
  const language = preferredLanguage()
  rememberLanguage(language)
  return createI18n({
    legacy: false,
    locale: language,
    fallbackLocale: 'zh-CN',
    messages: { 'zh-CN': split(texts, 0), en: split(texts, 1) },
    missingWarn: false,
    fallbackWarn: false,
  })
}
