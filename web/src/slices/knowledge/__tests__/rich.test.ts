import { describe, expect, it } from 'vitest'
import type { KnowledgeClass } from '@/shared/entities/knowledge'
import { treeOf } from '../composables/useClasses'
import { DESK, pieces, shown, stored } from '../composables/rich'

const ID = '01890a5d-ac96-774b-bcce-b302099a8057'

describe('texts of entries', () => {
  it('get the addresses of the page and lose them again', () => {
    const html = `<p><img src="file/${ID}"><a rel="x" href="entry/${ID}">甲</a><a href="https://a">乙</a></p>`
    const page = shown(html, DESK)
    expect(page).toContain(`src="/api/v1/knowledge/files/${ID}/file"`)
    expect(page).toContain(`href="/desk/knowledge/${ID}"`)
    expect(stored(page)).toBe(html)
  })

  it('show a link to what is gone as plain words', () => {
    expect(shown(`<a href="entry/${ID}">甲</a>`, DESK, new Set([ID]))).toBe('甲')
  })

  it('are marked by characters, also outside the basic plane', () => {
    expect(pieces('𠮷居住证办理', [[1, 4]])).toEqual([
      { text: '𠮷', marked: false },
      { text: '居住证', marked: true },
      { text: '办理', marked: false },
    ])
    expect(pieces('短', [[0, 9]])).toEqual([{ text: '短', marked: false }])
  })
})

describe('classes', () => {
  const one = (code: string, parent_code: string | null, active = true): KnowledgeClass => ({ kind: 'business', code, parent_code, name: code, sort: 0, active, version: 1 })
  it('stand in the order of their tree, and what has lost its parent stands on top', () => {
    const rows = treeOf([one('a', null), one('b', null), one('a1', 'a'), one('x', 'lost'), one('off', null, false)], 'business')
    expect(rows.map((row) => `${row.depth}${row.code}`)).toEqual(['0a', '1a1', '0b', '0x'])
  })
})
