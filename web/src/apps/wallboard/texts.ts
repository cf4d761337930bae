import { common } from '@/shared/i18n/common'
import type { Texts } from '@/shared/i18n/pairs'
import { placeTexts } from '@/shared/map/texts'
import { wallTexts } from '@/slices/insight/texts.wall'

/** Every text of the big screen. */
export const wallboardTexts: Texts = { ...common, ...placeTexts, ...wallTexts, wallmap: { temp: ['气温', 'Temperature'], rain: ['最大雨强', 'Most rain'], aqi: ['空气质量', 'Air quality'], slow: ['缓行路段', 'Slow roads'], lost: ['数据暂时中断', 'No news for the moment'] } }
