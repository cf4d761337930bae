import { createPinia } from 'pinia'
import { createApp } from 'vue'
import { configureApi } from '@/shared/api'
import { makeI18n } from '@/shared/i18n'
import '@/shared/ui/base.css'
import App from './App.vue'
import { wallboardTexts } from './texts'

document.documentElement.classList.add('dark')
const i18n = makeI18n(wallboardTexts)
configureApi({
  language: () => i18n.global.locale.value,
  // A screen on the wall has nobody who types: it says so and goes on as soon as somebody signs in.
  onUnauthorised() {},
})
createApp(App).use(createPinia()).use(i18n).mount('#app')
