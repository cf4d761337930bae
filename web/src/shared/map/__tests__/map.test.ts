import { describe, expect, it } from 'vitest'
import { roadWidth, tiandituUrl, zoomOf } from '../base'
import { readPair } from '../place'

describe('coordinates of other maps', () => {
  it('are read as people paste them', () => {
    expect(readPair('112.53, 30.24')).toEqual([112.53, 30.24])
    expect(readPair('经度112.53 纬度30.24')).toEqual([112.53, 30.24])
    expect(readPair('30.24,112.53')).toEqual([112.53, 30.24])
    for (const odd of ['', '112.53', '1,2,3', '200, 30', '120, 95']) expect(readPair(odd)).toBeUndefined()
  })
})

describe('the base map', () => {
  it('asks 天地图 for its layers in CGCS2000 with the key', () => {
    expect(tiandituUrl('vec', 'k1')).toBe('https://t{0-7}.tianditu.gov.cn/vec_c/wmts?tk=k1')
    expect(tiandituUrl('cva', 'a&b')).toContain('tk=a%26b')
  })
  it('draws wider roads the nearer one looks, and motorways wider than lanes', () => {
    expect(zoomOf(156543.03392804097 / 4096)).toBeCloseTo(12)
    for (const kind of ['motorway', 'secondary', 'minor']) expect(roadWidth(kind, 16)).toBeGreaterThan(roadWidth(kind, 13))
    expect(roadWidth('motorway', 14)).toBeGreaterThan(roadWidth('minor', 14))
  })
})
