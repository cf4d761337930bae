/** What stands on the map: orders as heaps or heat, areas by count, the state of the city. */
import Feature, { type FeatureLike } from 'ol/Feature'
import LineString from 'ol/geom/LineString'
import MultiPolygon from 'ol/geom/MultiPolygon'
import Point from 'ol/geom/Point'
import Heatmap from 'ol/layer/Heatmap'
import VectorLayer from 'ol/layer/Vector'
import { fromLonLat } from 'ol/proj'
import Cluster from 'ol/source/Cluster'
import VectorSource from 'ol/source/Vector'
import { Circle, Fill, Stroke, Style, Text } from 'ol/style'
import type { components } from '@/api/schema'
import { stepOf, type AreaCount, type Spot } from './orders'

export type AreaShape = components['schemas']['AreaView']
export type FeedState = components['schemas']['FeedStateView']
export type Token = (name: string) => string
const FONT = '"PingFang SC","Microsoft YaHei","Noto Sans CJK SC","Noto Sans SC",sans-serif'

/** Colours of steps, from few to many. */
export const RAMP = { light: ['#dfe8fb', '#b5cbf6', '#84a7ee', '#4f7fe0', '#2356d8'], dark: ['#1d2b4a', '#27427d', '#3560b4', '#5a86e0', '#8aadff'] }

export function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--y-${name}`).trim()
}

export function spotFeatures(spots: Spot[]): Feature<Point>[] {
  return spots.map((spot) => new Feature({ geometry: new Point(fromLonLat([spot.lng, spot.lat])), spot }))
}

export function heapOf(feature: FeatureLike): { spots: Spot[]; count: number; red: number } {
  const spots = ((feature.get('features') as Feature[] | undefined) ?? []).map((one) => one.get('spot') as Spot)
  return { spots, count: spots.reduce((sum, one) => sum + one.count, 0), red: spots.reduce((sum, one) => sum + one.red, 0) }
}

export function heapLayer(source: VectorSource<Feature<Point>>): VectorLayer {
  const styles = new Map<string, Style>()
  return new VectorLayer({
    zIndex: 30,
    source: new Cluster({ source, distance: 46, minDistance: 22 }),
    style: (feature) => {
      const { count, red } = heapOf(feature)
      const tone = red * 4 >= count ? 'red' : red > 0 ? 'amber' : 'accent'
      const dark = document.documentElement.classList.contains('dark')
      const key = `${count}${tone}${dark}`
      let style = styles.get(key)
      if (!style) {
        if (styles.size > 2000) styles.clear()
        const fill = tone === 'red' ? token('red-fill') : tone === 'amber' ? token('amber-fill') : dark ? '#3f6fe0' : token('accent')
        style = new Style({
          image: new Circle({ radius: count === 1 ? 7 : Math.min(30, 10 + Math.sqrt(count) * 2.1), fill: new Fill({ color: fill }), stroke: new Stroke({ color: 'rgba(255,255,255,0.85)', width: 2 }) }),
          text: count > 1 ? new Text({ text: String(count), font: `600 12px ${FONT}`, fill: new Fill({ color: tone === 'amber' ? '#1b1300' : '#ffffff' }) }) : undefined,
        })
        styles.set(key, style)
      }
      return style
    },
  })
}

/** Tells whether this machine can draw heat, which takes WebGL. */
export function canHeat(): boolean {
  try {
    return !!document.createElement('canvas').getContext('webgl')
  } catch {
    return false
  }
}

export function heatLayer(source: VectorSource<Feature<Point>>): Heatmap {
  return new Heatmap({ zIndex: 28, source, blur: 26, radius: 16, weight: (feature) => Math.min(1, 0.25 + Math.sqrt((feature.get('spot') as Spot).count) / 6) })
}

export function areaFeatures(shapes: AreaShape[]): Feature<MultiPolygon>[] {
  return shapes.map((shape) => {
    const rings = shape.shape.map((polygon) => polygon.map((edge) => edge.map((place) => fromLonLat(place as [number, number]))))
    const feature = new Feature({ geometry: new MultiPolygon(rings), area: shape })
    feature.setId(shape.id)
    return feature
  })
}

export function areaStyle(options: { counts: Map<string, AreaCount>; borders: number[]; filled: boolean; chosen: string; dark: boolean; names: boolean }) {
  const ramp = options.dark ? RAMP.dark : RAMP.light
  return (feature: FeatureLike): Style => {
    const shape = feature.get('area') as AreaShape
    const count = options.counts.get(shape.id)?.count ?? 0
    const chosen = shape.id === options.chosen
    const step = stepOf(count, options.borders)
    const color = count ? ramp[Math.min(ramp.length - 1, ramp.length - 1 - options.borders.length + step)]! : 'rgba(128,128,128,0.08)'
    return new Style({
      fill: new Fill({ color: options.filled ? (count ? `${color}d0` : color) : chosen ? `${token('accent')}22` : 'rgba(0,0,0,0.001)' }),
      stroke: new Stroke({ color: chosen ? token('accent') : options.filled ? token('surface') : token('text-3'), width: chosen ? 3 : options.filled ? 1.4 : 1 }),
      text: options.filled && options.names ? new Text({ text: `${shape.name}\n${count}`, overflow: false, font: `600 12px ${FONT}`, fill: new Fill({ color: token('text') }), stroke: new Stroke({ color: token('surface'), width: 3 }) }) : undefined,
      zIndex: chosen ? 2 : 1,
    })
  }
}

const TONES = ['green-fill', 'amber-fill', 'red-fill', 'violet']

/** The figure of a state that stands on the map. */
export function mainFigure(state: FeedState): string {
  const figure = (name: string) => state.figures[name]
  const temp = figure('temp_c')
  const aqi = figure('aqi')
  if (state.kind === 'weather' && temp !== undefined) return `${Math.round(temp)}°`
  if (state.kind === 'environment' && aqi !== undefined) return String(Math.round(aqi))
  return ''
}

export function feedFeatures(states: FeedState[]): Feature[] {
  return states.map((state) => {
    const geometry = state.line.length ? new LineString(state.line.map((place) => fromLonLat(place as [number, number]))) : new Point(fromLonLat([state.lng, state.lat]))
    return new Feature({ geometry, state })
  })
}

export function feedStyle(feature: FeatureLike): Style[] {
  const state = feature.get('state') as FeedState
  const color = state.stale ? token('text-3') : token(TONES[state.severity] ?? 'violet')
  if (feature.getGeometry()?.getType() === 'LineString') {
    return [new Style({ stroke: new Stroke({ color: token('surface'), width: 8 }), zIndex: 1 }), new Style({ stroke: new Stroke({ color, width: 5, lineDash: state.stale ? [6, 6] : undefined }), zIndex: 2 })]
  }
  const text = mainFigure(state)
  return [
    new Style({
      image: new Circle({ radius: 15, fill: new Fill({ color: token('surface') }), stroke: new Stroke({ color, width: 3, lineDash: state.stale ? [4, 3] : undefined }) }),
      text: new Text({ text, font: `600 11px ${FONT}`, fill: new Fill({ color: token('text') }) }),
      zIndex: 3,
    }),
  ]
}
