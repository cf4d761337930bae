import { common } from '@/shared/i18n/common'
import type { Texts } from '@/shared/i18n/pairs'
import { wallTexts } from '@/slices/insight/texts.wall'

/** Every text of the big screen. */
export const wallboardTexts: Texts = { ...common, ...wallTexts }
