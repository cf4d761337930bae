import { createPinia } from 'pinia'
import { createApp, defineAsyncComponent } from 'vue'
import { configureApi } from '@/shared/api'
import { startTheme } from '@/shared/composables/useTheme'
import { stopEvents } from '@/shared/composables/useEvents'
import { makeI18n } from '@/shared/i18n'
import { useSession } from '@/shared/session'
import App from './App.vue'
import './element'
import { makeRouter } from './router'
import { deskTexts } from './texts'

startTheme()
const app = createApp(App)
const i18n = makeI18n(deskTexts)
const router = makeRouter()
app.use(createPinia()).use(i18n).use(router)

configureApi({
  language: () => i18n.global.locale.value,
  onUnauthorised() {
    useSession().forget()
    stopEvents()
    const here = router.currentRoute.value
    if (here.name !== 'login') void router.push({ name: 'login', query: { next: here.fullPath, ended: '1' } })
  },
})

// A slice knows no other: what stands beside an order is given to its page here.
app.provide('case.form', defineAsyncComponent(() => import('@/slices/cases/components/OrderForm.vue')))
app.provide('case.help', defineAsyncComponent(() => import('@/slices/bot/components/CaseHelp.vue')))

app.mount('#app')
