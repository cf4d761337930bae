import { createPinia } from 'pinia'
import { createApp } from 'vue'
import { configureApi } from '@/shared/api'
import { startTheme } from '@/shared/composables/useTheme'
import { makeI18n } from '@/shared/i18n'
import '@/shared/ui/base.css'
import './portal.css'
import App from './App.vue'
import { makeRouter } from './router'
import { portalTexts } from './texts'

startTheme()
const i18n = makeI18n(portalTexts)
configureApi({ language: () => i18n.global.locale.value })
createApp(App).use(createPinia()).use(i18n).use(makeRouter()).mount('#app')
