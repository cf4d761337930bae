import { createPinia } from 'pinia'
import { createApp } from 'vue'
import { configureApi } from '@/shared/api'
import { common } from '@/shared/i18n/common'
import { makeI18n } from '@/shared/i18n'
import { wallTexts } from '@/slices/insight/texts.wall'
import '@/shared/ui/base.css'
import App from './App.vue'

document.documentElement.classList.add('dark')
const i18n = makeI18n({ ...common, ...wallTexts })
configureApi({
  language: () => i18n.global.locale.value,
  // A screen on the wall has nobody who types: it says so and goes on as soon as somebody signs in.
  onUnauthorised() {},
})
createApp(App).use(createPinia()).use(i18n).mount('#app')
