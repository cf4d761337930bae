/** The agent's conversations in this tab: one list, however many places show it. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import type { components } from '@/api/schema'
import { api } from '@/shared/api'

export type ChatItem = components['schemas']['ChatItem']
export type ChatDetail = components['schemas']['ChatDetail']
export type ChatLine = ChatDetail['lines'][number]

export const useChats = defineStore('chats', () => {
  const offered = ref<ChatItem[]>([])
  const served = ref<ChatItem[]>([])
  /** The newest message that was seen of each conversation. */
  const seen = ref<Record<string, number>>({})
  let turn = 0

  async function load(): Promise<void> {
    const mine = ++turn
    const answer = await api.get<components['schemas']['MyChats']>('/chats/mine')
    if (mine !== turn) return
    offered.value = answer.offered
    served.value = answer.served
    for (const chat of answer.served) seen.value[chat.id] ??= 0
  }
  const unread = (chat: ChatItem) => Math.max(0, chat.messages - (seen.value[chat.id] ?? 0))
  const waiting = computed(() => offered.value.length + served.value.filter((chat) => unread(chat) > 0).length)
  function mark(id: string, no: number): void {
    seen.value[id] = Math.max(seen.value[id] ?? 0, no)
  }
  return { offered, served, load, unread, waiting, mark }
})
