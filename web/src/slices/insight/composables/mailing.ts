/** Reports by mail: when and about which days, in words; what a report's page offers to subscribe to. */
import type { components } from '@/api/schema'
import type { PeriodKind } from './period'

export type Mailing = components['schemas']['ReportSubscriptionView']
export type Mailings = components['schemas']['ReportSubscriptions']
export type MailRun = components['schemas']['ReportRunView']
export type Receiver = components['schemas']['ReportReceiver']

export const SPANS = ['yesterday', 'last_week', 'last_month', 'last_quarter', 'last_year'] as const
export const EVERY = ['day', 'week', 'month'] as const
export const RUN_TONES: Record<string, string> = { sent: 'green', failed: 'red', unclear: 'amber', waiting: '', sending: '' }

/** What is subscribed to: a report with its settings, or one of the Word documents. */
export interface Wanted {
  report: string
  name: string
  query: string
  span: string
}

export interface MailingForm extends Wanted {
  id: string
  every: string
  on_day: number
  hour: number
  version: number
}

/** The days that a period's kind becomes when it moves with the calendar. */
export function spanOf(kind: PeriodKind): string {
  return { day: 'yesterday', week: 'last_week', month: 'last_month', quarter: 'last_quarter', year: 'last_year', custom: 'last_month' }[kind]
}

/** How often days of a kind are usually wanted: each week on Monday, each month on the first. */
export function usual(span: string): { every: string; on_day: number } {
  if (span === 'yesterday') return { every: 'day', on_day: 1 }
  return { every: span === 'last_week' ? 'week' : 'month', on_day: 1 }
}

/** Says when it is sent; `t` reads the page's texts. */
export function spoken(one: { every: string; on_day: number; hour: number }, t: (key: string, values?: Record<string, unknown>) => string): string {
  const hour = `${String(one.hour).padStart(2, '0')}:00`
  if (one.every === 'week') return t('mailing.weekly', { day: t(`mailing.weekdays.d${one.on_day}`), hour })
  if (one.every === 'month') return one.on_day >= 29 ? t('mailing.monthly_late', { day: one.on_day, hour }) : t('mailing.monthly', { day: one.on_day, hour })
  return t('mailing.daily', { hour })
}
