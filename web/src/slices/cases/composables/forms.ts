import type { Answers, FormSchema } from '@/shared/forms/schema'

/** A form of an order as the reader sees it. */
export interface Sheet {
  name: string
  form_id: string
  form_version: number
  newer: boolean
  form: FormSchema
  answers: Answers
  editable: string[]
  required: string[]
  names: Record<string, string>
  updated_at: number | null
  updated_by: string
}
export interface CaseForms { version: number; order_type: string | null; node: string; sheets: Sheet[] }

/** A form that is about to be filled in while an order is written. */
export interface FreshForm { form_id: string; form: FormSchema; answers: Answers; editable: string[]; required: string[] }

export interface Template { name: string; title: string; content: string; opinion: string; answers: Answers }
export interface OrderType {
  id: string
  zh: string
  en: string
  type: string
  type_name: string
  category_id: string | null
  category_name: string | null
  form_name: string | null
  form_id: string | null
  form_title: string | null
  flow_name: string | null
  for_citizens: boolean
  active: boolean
  ordinal: number
  templates: Template[]
  version: number
  updated_at: number
  updated_by: string
}
export interface FormVersion {
  id: string
  name: string
  version: number
  title_zh: string
  title_en: string
  active: boolean
  note: string
  published_at: number
  published_by: string
  fault: string | null
  fault_at: number | null
  orders: number
  form?: FormSchema
}
export interface FormDraft { id: string; name: string; title: string; form: FormSchema | null; base_id: string | null; version: number; updated_at: number; updated_by: string }

/** What the panel of actions asks of the forms beside it. */
export interface StepForms {
  save(whole: boolean): Promise<number>
  refuse(fields: { field: string; detail: string }[]): boolean
}

/** Actions that take the order forward, so that the step's form has to be whole. */
export function goesForward(action: string, decision: string): boolean {
  return ['dispatch', 'acceptance', 'feedback', 'return_visit', 'closure', 'close', 'edit'].includes(action) || (['review', 'result_review'].includes(action) && decision === 'pass')
}

/** Files that fields hold, so that they become the order's. */
export function filesIn(form: FormSchema, answers: Answers): string[] {
  return form.fields
    .flatMap((field) => (field.type === 'border' ? (field.fields ?? []) : [field]))
    .filter((field) => field.type === 'upload')
    .flatMap((field) => (Array.isArray(answers[field.key]) ? (answers[field.key] as string[]) : []))
}
