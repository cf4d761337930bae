import { describe, expect, it } from 'vitest'
import { colorOf, optionOf, readWords, writeWords } from '../composables/warnings'
import { warningTexts } from '../texts.warnings'

describe('early warning', () => {
  it('reads a list of words and names the line that is none', () => {
    expect(readWords('跳楼 10\n\n 拉横幅，8 \n集体 上访 6')).toEqual([
      { word: '跳楼', weight: 10 },
      { word: '拉横幅', weight: 8 },
      { word: '集体 上访', weight: 6 },
    ])
    expect(readWords('跳楼 10\n堵路')).toBe(2)
    const words = [{ word: '讨薪', weight: 6 }]
    expect(readWords(writeWords(words))).toEqual(words)
  })

  it('turns yellow in the last quarter and red past its end, and a closed one is neither', () => {
    const warning = { raised_at: 0, due_at: 100, state: 'new' }
    expect([74, 75, 100].map((now) => colorOf(warning, now))).toEqual(['green', 'yellow', 'red'])
    expect(colorOf({ ...warning, state: 'closed' }, 500)).toBe('green')
  })

  it('draws what is usual only where something is', () => {
    const names = { came: '实际', usual: '往常' }
    const series = (usual: number | null) => (optionOf([{ at: 0, count: 3, usual }], names, String)((name) => name).series as unknown[]).length
    expect([series(0.4), series(null)]).toEqual([2, 1])
  })

  it('has words for every kind in both languages', () => {
    const said = (warningTexts.warning_rules as Record<string, Record<string, unknown>>).said
    expect(Object.keys(said ?? {})).toEqual(['surge', 'topic', 'repeat', 'group', 'words'])
  })
})
