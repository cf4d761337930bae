/** Charts of a report: options for the chart library, made from the answer alone. */
import type { EChartsCoreOption } from 'echarts/core'
import type { Answer, Line } from './report'

export const CHARTS = ['bar', 'line', 'pie', 'tree', 'heat', 'pareto', 'control', 'box'] as const
export type Chart = (typeof CHARTS)[number]
type Token = (name: string) => string

/** So many values are drawn; the table shows them all. */
const BARS_MAX = 30
const SERIES_MAX = 8

export function palette(token: Token): string[] {
  return [token('accent'), token('green-fill'), token('amber-fill'), token('violet'), token('red-fill'), '#3aa6b9', '#8a94a6', '#c77dbb']
}

/** Mean and limits of three standard deviations. */
export function limits(values: number[]): { mean: number; upper: number; lower: number } {
  const count = values.length || 1
  const mean = values.reduce((sum, value) => sum + value, 0) / count
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, count - 1))
  return { mean, upper: mean + 3 * deviation, lower: Math.max(0, mean - 3 * deviation) }
}

/** Shares so far, from the largest on. */
export function cumulative(values: number[]): number[] {
  const total = values.reduce((sum, value) => sum + value, 0)
  let sofar = 0
  return values.map((value) => (total ? Math.round(((sofar += value) / total) * 1000) / 10 : 0))
}

/** Charts that the answer can be drawn as. */
export function fitting(answer: Answer): Chart[] {
  const dimensions = answer.by.length
  const kinds: Chart[] = ['bar', 'line', 'pie', 'pareto']
  if (dimensions === 2) kinds.push('tree', 'heat')
  if (dimensions === 1 && answer.by[0]?.kind === 'time') kinds.push('control')
  if (['handle_min', 'handle_q1', 'handle_median', 'handle_q3', 'handle_max'].every((id) => answer.measures.some((one) => one.id === id))) kinds.push('box')
  return kinds
}

const name = (line: Line) => line.names.join(' · ') || '—'
const unique = (list: string[]) => [...new Set(list)]
const scaled = (value: number | null | undefined, kind?: string) => (value == null ? null : kind === 'share' ? Math.round(value * 1000) / 10 : Math.round(value * 100) / 100)

export function optionOf(chart: Chart, answer: Answer, at: number, texts: { mean: string; upper: string; lower: string; share: string; others: string; before: string }) {
  return (token: Token): EChartsCoreOption => {
    const measure = answer.measures[at]
    const kind = measure?.kind
    const value = (line: Line) => scaled(line.values[at], kind)
    const axisLabel = { color: token('text-3') }
    const splitLine = { lineStyle: { color: token('line') } }
    const grid = { left: 8, right: 20, top: 34, bottom: 8, containLabel: true }
    const legend = { type: 'scroll', top: 0, textStyle: { color: token('text-2') } }
    const unit = kind === 'share' ? '%' : ''
    const valueAxis = { type: 'value', splitLine, axisLabel: { ...axisLabel, formatter: `{value}${unit}` } }
    const category = (data: string[]) => ({ type: 'category', data, axisLabel: { ...axisLabel, width: 120, overflow: 'truncate' }, axisTick: { show: false }, axisLine: { lineStyle: { color: token('line-strong') } } })
    const tooltip = { trigger: 'axis', confine: true }
    const color = palette(token)
    const sorted = [...answer.lines].sort((one, other) => (other.values[at] ?? 0) - (one.values[at] ?? 0))
    if (chart === 'pie') {
      const first = sorted.slice(0, 12).filter((line) => (line.values[at] ?? 0) > 0)
      const rest = sorted.slice(12).reduce((sum, line) => sum + (line.values[at] ?? 0), 0)
      const data = first.map((line) => ({ name: name(line), value: value(line) }))
      if (rest > 0 && kind !== 'share') data.push({ name: texts.others, value: scaled(rest) })
      return { color, tooltip: { trigger: 'item', confine: true }, legend: { ...legend, orient: 'vertical', right: 0, top: 'middle' }, series: [{ type: 'pie', radius: ['42%', '72%'], center: ['36%', '52%'], data, label: { show: false }, itemStyle: { borderColor: token('surface'), borderWidth: 2 } }] }
    }
    if (chart === 'tree' && answer.by.length === 2) {
      const groups = new Map<string, { name: string; value: number; children: { name: string; value: number }[] }>()
      for (const line of answer.lines) {
        const amount = line.values[at] ?? 0
        if (amount <= 0) continue
        const key = line.names[0] ?? '—'
        const group = groups.get(key) ?? { name: key, value: 0, children: [] }
        group.value += amount
        group.children.push({ name: line.names[1]?.split('/').pop() ?? '—', value: amount })
        groups.set(key, group)
      }
      return { color, tooltip: { confine: true }, series: [{ type: 'treemap', roam: false, top: 8, bottom: 30, left: 4, right: 4, data: [...groups.values()], breadcrumb: { bottom: 2, itemStyle: { color: token('sunken'), textStyle: { color: token('text-2') } } }, label: { color: '#fff' }, upperLabel: { show: true, height: 22, color: '#fff' }, levels: [{ itemStyle: { gapWidth: 3, borderColor: token('surface') } }, { colorSaturation: [0.35, 0.6], itemStyle: { gapWidth: 1, borderColorSaturation: 0.5 } }] }] }
    }
    if (chart === 'heat' && answer.by.length === 2) {
      const order = (place: number) => unique([...answer.lines].sort((one, other) => Number(one.keys[place]) - Number(other.keys[place]) || 0).map((line) => line.names[place] ?? '—'))
      const [rows, columns] = [order(0), order(1)]
      const data = answer.lines.map((line) => [columns.indexOf(line.names[1] ?? '—'), rows.indexOf(line.names[0] ?? '—'), value(line) ?? 0])
      const max = Math.max(1, ...data.map((one) => one[2] ?? 0))
      return { grid: { ...grid, bottom: 76, top: 10 }, tooltip: { confine: true }, xAxis: { ...category(columns), splitArea: { show: false } }, yAxis: { ...category(rows), inverse: true }, visualMap: { min: 0, max, calculable: true, orient: 'horizontal', left: 'center', bottom: 0, itemHeight: 120, textStyle: { color: token('text-3') }, inRange: { color: [token('accent-soft'), token('accent')] } }, series: [{ type: 'heatmap', data, itemStyle: { borderColor: token('surface'), borderWidth: 1 } }] }
    }
    if (chart === 'pareto') {
      const lines = sorted.slice(0, BARS_MAX)
      const all = cumulative(sorted.map((line) => line.values[at] ?? 0)).slice(0, BARS_MAX)
      return { color, grid, legend, tooltip, xAxis: { ...category(lines.map(name)), axisLabel: { ...axisLabel, rotate: 30, width: 96, overflow: 'truncate' } }, yAxis: [valueAxis, { type: 'value', max: 100, axisLabel: { ...axisLabel, formatter: '{value}%' }, splitLine: { show: false } }], series: [{ type: 'bar', name: measure?.name, data: lines.map(value), barMaxWidth: 30 }, { type: 'line', name: texts.share, yAxisIndex: 1, data: all, color: token('amber-fill'), symbolSize: 5 }] }
    }
    if (chart === 'control') {
      // What is still to come has no value and no part in the mean.
      const lines = answer.lines.filter((line) => line.values[at] != null)
      const values = lines.map((line) => line.values[at] ?? 0)
      const { mean, upper, lower } = limits(values)
      const mark = (text: string, y: number, tone: string) => ({ yAxis: Math.round(y * 10) / 10, name: text, label: { formatter: `${text} {c}`, position: 'insideEndTop', color: token(tone) }, lineStyle: { color: token(tone), type: 'dashed' } })
      return { color, grid: { ...grid, top: 14 }, tooltip, xAxis: category(lines.map(name)), yAxis: valueAxis, series: [{ type: 'line', name: measure?.name, data: lines.map((line, index) => ({ value: value(line), itemStyle: (values[index] ?? 0) > upper || (values[index] ?? 0) < lower ? { color: token('red-fill') } : undefined, symbolSize: (values[index] ?? 0) > upper ? 10 : 5 })), markLine: { symbol: 'none', data: [mark(texts.mean, mean, 'text-2'), mark(texts.upper, upper, 'red'), mark(texts.lower, lower, 'red')] } }] }
    }
    if (chart === 'box') {
      const place = (id: string) => answer.measures.findIndex((one) => one.id === id)
      const order = ['handle_min', 'handle_q1', 'handle_median', 'handle_q3', 'handle_max'].map(place)
      const lines = answer.lines.filter((line) => order.every((index) => line.values[index] != null)).slice(0, BARS_MAX)
      return { color, grid, tooltip: { trigger: 'item', confine: true }, xAxis: { ...category(lines.map(name)), axisLabel: { ...axisLabel, rotate: 30, width: 96, overflow: 'truncate' } }, yAxis: { ...valueAxis, axisLabel: { ...axisLabel, formatter: '{value} h' } }, series: [{ type: 'boxplot', data: lines.map((line) => order.map((index) => scaled(line.values[index]))), itemStyle: { color: token('accent-soft'), borderColor: token('accent') } }] }
    }
    // Bars or lines: the first dimension along the axis, the second as series.
    if (answer.by.length >= 2) {
      const along = unique(answer.lines.map((line) => line.names[0] ?? '—')).slice(0, BARS_MAX)
      const across = unique(answer.lines.map((line) => line.names.slice(1).join(' · ')))
      const sum = new Map<string, number>()
      for (const line of answer.lines) sum.set(line.names.slice(1).join(' · '), (sum.get(line.names.slice(1).join(' · ')) ?? 0) + (line.values[at] ?? 0))
      const series = across.sort((one, other) => (sum.get(other) ?? 0) - (sum.get(one) ?? 0)).slice(0, SERIES_MAX)
      const of = new Map(answer.lines.map((line) => [`${line.names[0] ?? '—'}\n${line.names.slice(1).join(' · ')}`, value(line)]))
      return { color, grid, legend, tooltip, xAxis: category(along), yAxis: valueAxis, series: series.map((one) => ({ type: chart === 'line' ? 'line' : 'bar', name: one, stack: chart === 'line' || kind === 'share' ? undefined : 'all', barMaxWidth: 34, data: along.map((row) => of.get(`${row}\n${one}`) ?? null) })) }
    }
    const lines = answer.by[0]?.kind === 'time' || chart === 'line' ? answer.lines : answer.lines.slice(0, BARS_MAX)
    const wide = answer.by[0]?.kind !== 'time' && chart === 'bar' && lines.length > 6
    const now = { type: chart === 'line' ? 'line' : 'bar', name: measure?.name, data: lines.map(value), barMaxWidth: 26, symbolSize: 5, showSymbol: lines.length <= 62, areaStyle: chart === 'line' ? { opacity: 0.08 } : undefined }
    const series: object[] = [now]
    if (answer.before_from) series.push({ type: now.type, name: texts.before, data: lines.map((line) => scaled(line.before[at], kind)), barMaxWidth: 26, color: token('line-strong'), lineStyle: { type: 'dashed' }, showSymbol: false })
    return wide
      ? { color, grid: { ...grid, top: answer.before_from ? 34 : 8 }, legend: answer.before_from ? legend : undefined, tooltip, xAxis: valueAxis, yAxis: { ...category(lines.map(name)), inverse: true }, series }
      : { color, grid: { ...grid, top: answer.before_from ? 34 : 14 }, legend: answer.before_from ? legend : undefined, tooltip, xAxis: category(lines.map(name)), yAxis: valueAxis, series }
  }
}
