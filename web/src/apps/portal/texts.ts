import { common } from '@/shared/i18n/common'
import type { Texts } from '@/shared/i18n/pairs'
import { formsTexts } from '@/shared/forms/texts'
import { texts as portal } from '@/slices/portal/texts'

/** Every text of the citizens' pages. */
export const portalTexts: Texts = { ...common, forms: formsTexts, ...portal }
