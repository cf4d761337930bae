import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { api, ApiError } from '@/shared/api'
import type { Me, Scope } from '@/shared/entities/identity'

/** Who is signed in on this browser and what they may do. */
export const useSession = defineStore('session', () => {
  const me = ref<Me | null>(null)
  const known = ref(false)

  /** Asks the server once who is signed in; `null` when nobody is. */
  async function load(): Promise<Me | null> {
    if (known.value) return me.value
    try {
      me.value = await api.get<Me>('/session', {}, { quiet401: true })
    } catch (cause) {
      if (!(cause instanceof ApiError) || cause.status !== 401) throw cause
      me.value = null
    }
    known.value = true
    return me.value
  }

  /** Reads again what a change on this page may have opened or closed. */
  async function reload(): Promise<void> {
    known.value = false
    await load()
  }

  async function login(account: string, password: string, totpCode?: string): Promise<Me> {
    const body = { account, password, ...(totpCode ? { totp_code: totpCode } : {}) }
    me.value = await api.post<Me>('/session', body, { quiet401: true })
    known.value = true
    return me.value
  }

  async function logout(): Promise<void> {
    try {
      await api.delete('/session', undefined, { quiet401: true })
    } finally {
      forget()
    }
  }

  function forget(): void {
    me.value = null
    known.value = true
  }

  const scopeOf = (capability: string): Scope | undefined => me.value?.capabilities?.[capability]
  const can = (...capabilities: string[]): boolean => capabilities.some((name) => scopeOf(name) !== undefined)
  const hasRole = (id: string): boolean => Boolean(me.value?.roles?.some((role) => role.id === id))

  return { me, known, load, reload, login, logout, forget, scopeOf, can, hasRole, isAgent: computed(() => can('call.answer')) }
})
