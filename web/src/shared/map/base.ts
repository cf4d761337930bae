/**
 * What every map is drawn on: the base map of the own server as vector tiles, or 天地图 with its key.
 *
 * Places are degrees of CGCS2000, which WGS 84 agrees with to a few centimetres; the view is Web Mercator.
 */
import MVT from 'ol/format/MVT'
import TileLayer from 'ol/layer/Tile'
import VectorTileLayer from 'ol/layer/VectorTile'
import { addEquivalentProjections, get as projection } from 'ol/proj'
import Projection from 'ol/proj/Projection'
import type BaseLayer from 'ol/layer/Base'
import VectorTileSource from 'ol/source/VectorTile'
import WMTS from 'ol/source/WMTS'
import { Fill, Stroke, Style, Text } from 'ol/style'
import type { FeatureLike } from 'ol/Feature'
import type { StyleFunction } from 'ol/style/Style'
import WMTSTileGrid from 'ol/tilegrid/WMTS'
import type { components } from '@/api/schema'
import { api, BASE } from '@/shared/api'

export type BaseMap = components['schemas']['BaseMapView']
export type BaseChoice = 'own' | 'tianditu' | 'tianditu_img'

let known: Promise<BaseMap> | undefined

/** The base map, asked for once a page. */
export function baseMap(): Promise<BaseMap> {
  known ??= api.get<BaseMap>('/map/base').catch((cause: unknown) => {
    known = undefined
    throw cause
  })
  return known
}

interface Ink {
  ground: string
  land: Record<string, string>
  water: string
  waterName: string
  building: string
  edge: string
  border: string
  road: Record<string, string>
  casing: string
  rail: string
  metro: string
  name: string
  halo: string
  poi: string
}

const LIGHT: Ink = {
  ground: '#f3f2ee',
  land: { park: '#d5e8c8', grass: '#e0edd6', wood: '#c6dfb9', farm: '#eef0de', residential: '#ecebe7', commercial: '#f3e9e6', industrial: '#e9e6ee', hospital: '#f7e6e6', school: '#f4efdc' },
  water: '#b5d3ec',
  waterName: '#4578a4',
  building: '#dedbd3',
  edge: '#cfcabf',
  border: '#9a86b8',
  road: { motorway: '#f0b168', trunk: '#f6c98a', primary: '#fbe0a4', secondary: '#ffffff', tertiary: '#ffffff', link: '#ffffff', minor: '#ffffff', service: '#fbfaf7', path: '#e6ddcd' },
  casing: '#cfc9bb',
  rail: '#a3a09a',
  metro: '#8ea6c9',
  name: '#3a4150',
  halo: 'rgba(255,255,255,0.9)',
  poi: '#6a5b46',
}

const DARK: Ink = {
  ground: '#151a21',
  land: { park: '#1a2b22', grass: '#19261f', wood: '#182a20', farm: '#191f1d', residential: '#1a2028', commercial: '#221f26', industrial: '#1f1f2a', hospital: '#2a1f24', school: '#25241f' },
  water: '#15304a',
  waterName: '#6c9cc9',
  building: '#222a34',
  edge: '#2c3541',
  border: '#77639a',
  road: { motorway: '#7a5a2c', trunk: '#6a5330', primary: '#56482f', secondary: '#3a4350', tertiary: '#333c48', link: '#3a4350', minor: '#2c343f', service: '#262d37', path: '#28303a' },
  casing: '#11151b',
  rail: '#4b535f',
  metro: '#3f5576',
  name: '#c3cad6',
  halo: 'rgba(14,17,22,0.9)',
  poi: '#a89a83',
}

/** Widths of roads in points of the screen, at zoom 12 and zoom 17. */
const WIDTHS: Record<string, [number, number]> = { motorway: [3.4, 13], trunk: [3, 12], primary: [2.6, 11], secondary: [1.9, 10], tertiary: [1.3, 8.5], link: [1, 6], minor: [0.7, 6.5], service: [0.4, 4], path: [0.4, 2] }
const ORDER = ['path', 'service', 'minor', 'link', 'tertiary', 'secondary', 'primary', 'trunk', 'motorway']
const FONT = '"PingFang SC","Microsoft YaHei","Noto Sans CJK SC","Noto Sans SC",sans-serif'

/** The zoom of a resolution in Web Mercator. */
export function zoomOf(resolution: number): number {
  return Math.log2(156543.03392804097 / resolution)
}

export function roadWidth(kind: string, zoom: number): number {
  const [at12, at17] = WIDTHS[kind] ?? [0.5, 3]
  if (zoom <= 12) return Math.max(0.4, at12 * 0.78 ** (12 - zoom))
  return at12 * (at17 / at12) ** ((Math.min(zoom, 19) - 12) / 5)
}

/** How the base map is drawn; styles are made once and kept. */
export function baseStyle(dark: boolean): StyleFunction {
  const ink = dark ? DARK : LIGHT
  const kept = new Map<string, Style[]>()
  const keep = (key: string, make: () => Style[]): Style[] => {
    let styles = kept.get(key)
    if (!styles) {
      if (kept.size > 4000) kept.clear()
      kept.set(key, (styles = make()))
    }
    return styles
  }
  const name = (text: string, size: number, color: string, weight = '400', extra: Partial<ConstructorParameters<typeof Text>[0]> = {}): Text =>
    new Text({ text, font: `${weight} ${size}px ${FONT}`, fill: new Fill({ color }), stroke: new Stroke({ color: ink.halo, width: 3 }), ...extra })
  return (feature: FeatureLike, resolution: number) => {
    const zoom = zoomOf(resolution)
    const level = Math.round(zoom * 2) / 2
    const kind = String(feature.get('kind') ?? '')
    const text = String(feature.get('name') ?? '')
    const type = feature.getGeometry()?.getType() ?? ''
    switch (feature.get('layer')) {
      case 'land':
        return keep(`l${kind}`, () => [new Style({ fill: new Fill({ color: ink.land[kind] ?? ink.ground }), zIndex: kind === 'residential' || kind === 'farm' ? 1 : 2 })])
      case 'water':
        if (type.includes('Polygon')) return keep('w', () => [new Style({ fill: new Fill({ color: ink.water }), zIndex: 3 })])
        return keep(`wl${kind}${level}${text}`, () => [
          new Style({
            stroke: kind === 'coast' ? new Stroke({ color: ink.waterName, width: 1 }) : new Stroke({ color: ink.water, width: kind === 'stream' ? 1 : Math.max(1.2, level - 10) }),
            text: text && zoom >= 12 ? name(text, 12, ink.waterName, '500', { placement: 'line', maxAngle: 0.6, repeat: 600 }) : undefined,
            zIndex: 3,
          }),
        ])
      case 'building':
        return keep('b', () => [new Style({ fill: new Fill({ color: ink.building }), stroke: new Stroke({ color: ink.edge, width: 0.6 }), zIndex: 5 })])
      case 'border':
        return keep(`o${kind}`, () => [new Style({ stroke: new Stroke({ color: ink.border, width: kind === 'street' ? 0.8 : kind === 'district' ? 1.3 : 2, lineDash: kind === 'street' ? [3, 4] : [8, 4, 2, 4] }), zIndex: 8 })])
      case 'rail':
        return keep(`r${kind}`, () =>
          kind === 'metro'
            ? [new Style({ stroke: new Stroke({ color: ink.metro, width: 2, lineDash: [6, 4] }), zIndex: 6 })]
            : [new Style({ stroke: new Stroke({ color: ink.rail, width: 2.4 }), zIndex: 6 }), new Style({ stroke: new Stroke({ color: ink.ground, width: 1.2, lineDash: [8, 8] }), zIndex: 6 })],
        )
      case 'road':
        return keep(`s${kind}${level}${text}`, () => {
          const width = roadWidth(kind, level)
          const order = 10 + ORDER.indexOf(kind)
          const styles = [new Style({ stroke: new Stroke({ color: ink.road[kind] ?? ink.casing, width, lineDash: kind === 'path' ? [4, 3] : undefined }), zIndex: order })]
          if (width > 1.6 && kind !== 'path') styles.unshift(new Style({ stroke: new Stroke({ color: ink.casing, width: width + 1.4 }), zIndex: order - 0.5 }))
          const from = kind === 'motorway' || kind === 'trunk' || kind === 'primary' ? 12 : kind === 'secondary' || kind === 'tertiary' ? 14 : 15.5
          if (text && zoom >= from) styles.push(new Style({ text: name(text, 11.5, ink.name, '400', { placement: 'line', maxAngle: 0.5, repeat: 500 }), zIndex: 30 }))
          return styles
        })
      case 'place':
        return keep(`p${kind}${level}${text}`, () => {
          if (kind === 'city' && zoom > 12.5) return []
          if (kind === 'district' && zoom > 14.5) return []
          const size = { city: 18, town: 15, district: 15, suburb: 12.5, village: 12, neighbourhood: 11.5 }[kind] ?? 12
          return [new Style({ text: name(text, size, ink.name, kind === 'city' || kind === 'district' ? '600' : '400'), zIndex: 40 })]
        })
      case 'poi':
        return keep(`i${kind}${text}${zoom >= 14.5}`, () => (zoom >= (kind === 'lake' ? 12.5 : 14.5) ? [new Style({ text: name(text, 11, kind === 'lake' ? ink.waterName : ink.poi), zIndex: 35 })] : []))
      default:
        return undefined
    }
  }
}

export function groundColor(dark: boolean): string {
  return dark ? DARK.ground : LIGHT.ground
}

/** The address of 天地图's tiles in degrees of CGCS2000. */
export function tiandituUrl(layer: string, key: string): string {
  return `https://t{0-7}.tianditu.gov.cn/${layer}_c/wmts?tk=${encodeURIComponent(key)}`
}

const CGCS2000 = 'EPSG:4490'
function knowCgcs2000(): void {
  if (projection(CGCS2000)) return
  const own = new Projection({ code: CGCS2000, units: 'degrees', axisOrientation: 'neu' })
  addEquivalentProjections([own, projection('EPSG:4326')!])
}

function tianditu(layer: string, key: string): TileLayer<WMTS> {
  knowCgcs2000()
  const zooms = Array.from({ length: 18 }, (_, index) => index + 1)
  return new TileLayer({
    source: new WMTS({
      urls: Array.from({ length: 8 }, (_, index) => tiandituUrl(layer, key).replace('{0-7}', String(index))),
      layer,
      matrixSet: 'c',
      format: 'tiles',
      style: 'default',
      projection: 'EPSG:4326',
      crossOrigin: 'anonymous',
      attributions: '© 天地图 GS(2024)0568号',
      tileGrid: new WMTSTileGrid({ origin: [-180, 90], resolutions: zooms.map((zoom) => 1.40625 / 2 ** zoom), matrixIds: zooms.map(String), tileSize: 256 }),
    }),
  })
}

/** The layers that a map begins with. */
export function baseLayers(base: BaseMap, choice: BaseChoice, dark: boolean): BaseLayer[] {
  if (choice !== 'own' && base.tianditu_key) {
    const [ground, names] = choice === 'tianditu' ? ['vec', 'cva'] : ['img', 'cia']
    return [tianditu(ground!, base.tianditu_key), tianditu(names!, base.tianditu_key)]
  }
  if (!base.stamp) return []
  const layer = new VectorTileLayer({
    declutter: true,
    background: groundColor(dark),
    source: new VectorTileSource({ format: new MVT(), url: `${BASE}/map/tiles/{z}/{x}/{y}?v=${base.stamp}`, maxZoom: base.zoom_max, attributions: base.attribution }),
    style: baseStyle(dark),
  })
  return [layer]
}
