import { common } from '@/shared/i18n/common'
import type { Texts } from '@/shared/i18n/pairs'
import { filesTexts } from '@/shared/files/texts'
import { placeTexts } from '@/shared/map/texts'
import { formsTexts } from '@/shared/forms/texts'
import { portalKnowledgeTexts as knowledge } from '@/slices/knowledge/texts'
import { texts as portal } from '@/slices/portal/texts'

/** Every text of the citizens' pages. */
export const portalTexts: Texts = { ...common, ...filesTexts, ...placeTexts, forms: formsTexts, ...portal, ...knowledge }
