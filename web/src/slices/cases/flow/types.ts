import type { components } from '@/api/schema'

type Schemas = components['schemas']
export type FlowVersion = Schemas['FlowView']
export type FlowDraft = Schemas['FlowDraftView']
export type Fault = Schemas['FaultView']
export type Trial = Schemas['TrialView']
export type Difference = Schemas['DifferenceView']
export type Preview = Schemas['MigrationPreview']
export type Batch = Schemas['MigrationBatch']
export type Rules = Schemas['FlowRulesBody']
export type CaseFlow = Schemas['CaseFlowView']
