/** Outbound tasks as the server tells them. */
import type { components } from '@/api/schema'

type Schemas = components['schemas']
export type Campaign = Schemas['Campaign']
export type Plan = Schemas['CampaignPlan']
export type Question = Schemas['CampaignQuestion']
export type Target = Schemas['CampaignTarget']
export type Task = Schemas['CampaignTask']
export type Figures = Schemas['CampaignFigures']
export type Imported = Schemas['CampaignImport']
export type Choices = Schemas['CampaignChoices']
export type MyCampaign = Schemas['MyCampaign']

export const STATE_TONE: Record<string, string> = { running: 'green', paused: 'amber', draft: '', stopped: 'red', done: 'accent' }

/** A plan to begin with. */
export function emptyPlan(): Plan {
  return {
    name: '', purpose: 'visit', mode: 'preview', script: '', questions: [], flow_id: null, hours_id: 'outbound', lines_max: 5, keep_ready: 1,
    retry: { attempts_max: 3, day_max: 2, gap_minutes: 60, busy_minutes: 15, no_answer_minutes: 120, failed_minutes: 30 },
  }
}
