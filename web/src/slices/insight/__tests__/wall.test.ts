import { describe, expect, it } from 'vitest'
import { BUILT_IN, fits, place, type Tile } from '../composables/wall'
import { wallTexts } from '../texts.wall'

describe('layouts of the wall', () => {
  it('that everybody finds fit the grid and show only what has a name', () => {
    const kinds = (wallTexts.wall as unknown as { kinds: Record<string, unknown> }).kinds
    for (const [name, tiles] of Object.entries(BUILT_IN)) {
      for (const tile of tiles) {
        expect(fits(tiles, tile, tile), `${name}: ${tile.kind}`).toBe(true)
        expect(kinds[tile.kind], tile.kind).toBeDefined()
      }
    }
  })
  it('find a free place for a new tile and none when the grid is full', () => {
    const all: Tile[] = [{ kind: 'a', x: 0, y: 0, w: 12, h: 7 }]
    expect(place(all, 'b')).toEqual({ kind: 'b', x: 0, y: 7, w: 2, h: 1 })
    expect(place([...all, { kind: 'c', x: 0, y: 7, w: 12, h: 1 }], 'b')).toBeUndefined()
  })
})
