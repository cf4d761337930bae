/**
 * Texts are written as `[Chinese, English]` pairs next to each other, so that a
 * text cannot exist in one language only; `split` gives vue-i18n its two trees.
 */
export type Pair = readonly [zh: string, en: string]
export interface Texts {
  readonly [key: string]: Pair | Texts
}
export interface Messages {
  [key: string]: string | Messages
}

function isPair(value: Pair | Texts): value is Pair {
  return Array.isArray(value)
}

/** The messages of one language: 0 is Chinese, 1 is English. */
export function split(texts: Texts, language: 0 | 1): Messages {
  const messages: Messages = {}
  for (const [key, value] of Object.entries(texts)) {
    messages[key] = isPair(value) ? value[language] : split(value, language)
  }
  return messages
}
