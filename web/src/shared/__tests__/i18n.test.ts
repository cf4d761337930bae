import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { deskTexts } from '@/apps/desk/texts'
import { portalTexts } from '@/apps/portal/texts'
import { wallboardTexts } from '@/apps/wallboard/texts'
import { split, type Messages, type Texts } from '@/shared/i18n/pairs'

function flat(messages: Messages, prefix = ''): Map<string, string> {
  const found = new Map<string, string>()
  for (const [key, value] of Object.entries(messages)) {
    if (typeof value === 'string') found.set(prefix + key, value)
    else for (const [inner, text] of flat(value, `${prefix}${key}.`)) found.set(inner, text)
  }
  return found
}
const languages = (texts: Texts) => [flat(split(texts, 0)), flat(split(texts, 1))] as const
const placeholders = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort()

function sources(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    if (statSync(path).isDirectory()) return name === '__tests__' ? [] : sources(path)
    return /\.(vue|ts)$/.test(name) ? [path] : []
  })
}

describe.each([
  ['desk', deskTexts],
  ['portal', portalTexts],
  ['wallboard', wallboardTexts],
])('texts of %s', (_name, texts) => {
  const [zh, en] = languages(texts)

  it('exist in both languages under the same keys', () => {
    expect([...en.keys()]).toEqual([...zh.keys()])
    for (const [key, text] of [...zh, ...en]) expect(text.trim(), key).not.toBe('')
  })

  it('take the same values in both languages', () => {
    for (const [key, text] of zh) expect(placeholders(en.get(key) ?? ''), key).toEqual(placeholders(text))
  })

  it('are free of characters that vue-i18n reads as syntax', () => {
    for (const [key, text] of [...zh, ...en]) expect(text, key).not.toMatch(/[@|]/)
  })
})

it('every key that the pages name exists', () => {
  const desk = languages(deskTexts)[0]
  const portal = languages(portalTexts)[0]
  const wall = languages(wallboardTexts)[0]
  const missing: string[] = []
  for (const file of sources('src')) {
    const known = /apps\/wallboard|\/Wall\w+\.vue/.test(file) ? [wall] : /apps\/portal|slices\/portal/.test(file) ? [portal] : /apps\/desk|slices\//.test(file) ? [desk] : [desk, portal]
    const text = readFileSync(file, 'utf8')
    for (const [, key] of text.matchAll(/\bt\(\s*'([a-z_]+(?:\.[a-z_0-9]+)+)'/g)) {
      for (const keys of known) {
        const sharedOnlyByDesk = known.length === 2 && keys === portal
        if (key && !keys.has(key) && !sharedOnlyByDesk) missing.push(`${file}: ${key}`)
      }
    }
    for (const [, key] of text.matchAll(/(?:text|title): '([a-z]+\.[a-z_]+)'/g)) if (key && !known.some((keys) => keys.has(key))) missing.push(`${file}: ${key}`)
  }
  expect(missing).toEqual([])
})
