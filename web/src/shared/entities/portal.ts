/** What citizens see without an account. */
import type { components } from '@/api/schema'

type Schemas = components['schemas']

export type PortalInfo = Schemas['PortalInfo']
export type CitizenCategory = Schemas['CitizenCategory']
export type CitizenCase = Schemas['CitizenCase']
export type PortalDraft = Schemas['PortalDraft']
export type HelperView = Schemas['HelperView']
export type Submitted = Schemas['Submitted']
export type PublishedCase = Schemas['PublishedCase']
export type MonthFigures = Schemas['MonthFigures']
export type UploadView = Schemas['UploadView']
export type UploadTicket = Schemas['UploadTicket']
export type CallTicket = Schemas['CallTicket']
export type CallProgress = Schemas['CallProgress']
