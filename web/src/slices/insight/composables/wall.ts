/** Layouts of the wall: tiles on a grid of 12 by 8. */
import type { components } from '@/api/schema'

export type Cockpit = components['schemas']['CockpitView']
export type Tile = components['schemas']['WallTile']
export type Wall = components['schemas']['WallView']

export const COLUMNS = 12
export const ROWS = 8

const tile = (kind: string, x: number, y: number, w: number, h: number): Tile => ({ kind, x, y, w, h })

/** What everybody finds without having made anything. */
export const BUILT_IN: Record<string, Tile[]> = {
  laptop: [tile('title', 0, 0, 12, 1), tile('calls', 0, 1, 3, 2), tile('level', 3, 1, 3, 2), tile('orders', 6, 1, 3, 2), tile('lights', 9, 1, 3, 2), tile('hours', 0, 3, 6, 3), tile('hot', 6, 3, 3, 5), tile('recent', 9, 3, 3, 5), tile('course', 0, 6, 6, 2)],
  full: [tile('title', 0, 0, 12, 1), tile('calls', 0, 1, 3, 2), tile('seats', 0, 3, 3, 2), tile('queues', 0, 5, 3, 3), tile('orders', 3, 1, 3, 2), tile('lights', 6, 1, 3, 2), tile('hours', 3, 3, 6, 3), tile('types', 3, 6, 3, 2), tile('course', 6, 6, 3, 2), tile('rates', 9, 1, 3, 1), tile('hot', 9, 2, 3, 3), tile('recent', 9, 5, 3, 3)],
  city: [tile('title', 0, 0, 12, 1), tile('map', 0, 1, 7, 7), tile('orders', 7, 1, 3, 2), tile('lights', 10, 1, 2, 2), tile('districts', 7, 3, 3, 3), tile('hot', 10, 3, 2, 3), tile('recent', 7, 6, 5, 2)],
  calls_only: [tile('title', 0, 0, 12, 1), tile('calls', 0, 1, 4, 3), tile('level', 4, 1, 4, 3), tile('seats', 8, 1, 4, 3), tile('queues', 0, 4, 5, 4), tile('hours', 5, 4, 7, 4)],
  orders_only: [tile('title', 0, 0, 12, 1), tile('orders', 0, 1, 4, 2), tile('lights', 4, 1, 4, 2), tile('rates', 8, 1, 4, 2), tile('course', 0, 3, 6, 3), tile('statuses', 0, 6, 3, 2), tile('types', 3, 6, 3, 2), tile('districts', 6, 3, 3, 5), tile('hot', 9, 3, 3, 3), tile('late', 9, 6, 3, 2)],
}

const apart = (one: Tile, other: Tile) => one.x + one.w <= other.x || other.x + other.w <= one.x || one.y + one.h <= other.y || other.y + other.h <= one.y

/** Tells whether a tile may be there. */
export function fits(tiles: Tile[], moved: Tile, self?: Tile): boolean {
  return moved.x >= 0 && moved.y >= 0 && moved.w >= 1 && moved.h >= 1 && moved.x + moved.w <= COLUMNS && moved.y + moved.h <= ROWS && tiles.every((other) => other === self || apart(other, moved))
}

/** The first free place for a new tile, large first; nothing when the grid is full. */
export function place(tiles: Tile[], kind: string): Tile | undefined {
  for (const [w, h] of [[3, 3], [3, 2], [2, 2], [2, 1], [1, 1]] as const) {
    for (let y = 0; y + h <= ROWS; y++) for (let x = 0; x + w <= COLUMNS; x++) if (fits(tiles, tile(kind, x, y, w, h))) return tile(kind, x, y, w, h)
  }
  return undefined
}
