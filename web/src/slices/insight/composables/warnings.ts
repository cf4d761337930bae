import type { EChartsCoreOption } from 'echarts/core'
import type { components } from '@/api/schema'

export type Warning = components['schemas']['WarningView']
export type Detail = components['schemas']['WarningDetail']
export type Rule = components['schemas']['WarningRuleView']
export type RiskWord = components['schemas']['RiskWord']

export const KINDS = ['surge', 'topic', 'repeat', 'group', 'words'] as const
export const TONES: Record<number, string> = { 1: '', 2: 'amber', 3: 'red' }

/** How late a warning is: red past its end, yellow in the last quarter of its time. */
export function colorOf(warning: Pick<Warning, 'due_at' | 'raised_at' | 'state'>, now: number): 'green' | 'yellow' | 'red' {
  if (warning.state === 'closed') return 'green'
  if (now >= warning.due_at) return 'red'
  return now >= warning.due_at - (warning.due_at - warning.raised_at) / 4 ? 'yellow' : 'green'
}

/** Reads a list of words with weights, one on each line; the number of a line that is none comes back instead. */
export function readWords(text: string): RiskWord[] | number {
  const words: RiskWord[] = []
  for (const [at, line] of text.split('\n').entries()) {
    if (!line.trim()) continue
    const found = /^\s*(\S.*?)[\s,，]+(\d{1,3})\s*$/.exec(line)
    if (!found) return at + 1
    words.push({ word: found[1] ?? '', weight: Number(found[2]) })
  }
  return words
}

/** Writes a list of words as {@link readWords} reads it. */
export function writeWords(words: RiskWord[]): string {
  return words.map((one) => `${one.word} ${one.weight}`).join('\n')
}

/** The chart of a warning: what came by hour as bars, what is usual as a line. */
export function optionOf(hours: Detail['hours'], names: { came: string; usual: string }, label: (at: number) => string) {
  const usual = hours.some((hour) => hour.usual != null)
  return (token: (name: string) => string): EChartsCoreOption => ({
    grid: { left: 36, right: 12, top: usual ? 30 : 12, bottom: 26 },
    tooltip: { trigger: 'axis' },
    legend: usual ? { top: 0, right: 0, textStyle: { color: token('text-2') } } : undefined,
    xAxis: { type: 'category', data: hours.map((hour) => label(hour.at)), axisLabel: { color: token('text-3'), hideOverlap: true } },
    yAxis: { type: 'value', minInterval: 1, axisLabel: { color: token('text-3') }, splitLine: { lineStyle: { color: token('line') } } },
    series: [
      { name: names.came, type: 'bar', data: hours.map((hour) => hour.count), itemStyle: { color: token('accent') }, barMaxWidth: 28 },
      ...(usual ? [{ name: names.usual, type: 'line', symbol: 'none', data: hours.map((hour) => Math.round((hour.usual ?? 0) * 100) / 100), lineStyle: { color: token('amber'), type: 'dashed' }, itemStyle: { color: token('amber') } }] : []),
    ],
  })
}
