/** The knowledge base. */
import type { components } from '@/api/schema'

type Schemas = components['schemas']

export type EntryItem = Schemas['KnowledgeEntryItem']
export type EntryView = Schemas['KnowledgeEntryView']
export type AnswerView = Schemas['KnowledgeAnswerView']
export type Content = Schemas['KnowledgeContent']
export type Answer = Schemas['KnowledgeAnswer']
export type Attachment = Schemas['KnowledgeAttachment']
export type DraftView = Schemas['KnowledgeDraftView']
export type FoundView = Schemas['KnowledgeFoundView']
export type SearchView = Schemas['KnowledgeSearchView']
export type Marked = Schemas['KnowledgeMarked']
export type LinkedEntry = Schemas['KnowledgeLinkedEntry']
export type EntryUse = Schemas['KnowledgeEntryUse']
export type EntryHistory = Schemas['KnowledgeEntryHistory']
export type Compared = Schemas['KnowledgeCompared']
export type KnowledgeReport = Schemas['KnowledgeReport']
export type KnowledgeClass = Schemas['KnowledgeClass']
export type KnowledgeWord = Schemas['KnowledgeWord']
export type KnowledgeStages = Schemas['KnowledgeStages']
export type KnowledgeFile = Schemas['KnowledgeFile']
export type ImportResult = Schemas['KnowledgeImportResult']
export type TaskCount = Schemas['KnowledgeTaskCount']
export type TrialView = Schemas['KnowledgeTrialView']
export type IndexView = Schemas['KnowledgeIndexView']
export type BusinessCount = Schemas['KnowledgeBusinessCount']
export type PublicEntry = Schemas['KnowledgePublicEntry']
export type PublicItem = Schemas['KnowledgePublicItem']
export type PublicClasses = Schemas['KnowledgePublicClasses']

export const KINDS = ['faq', 'policy', 'line', 'notice', 'news', 'interview', 'media'] as const
