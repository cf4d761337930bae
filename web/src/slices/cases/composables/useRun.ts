/** A long piece of work on the server, watched until it ends. */
import { onScopeDispose, ref, shallowRef } from 'vue'
import { api } from '@/shared/api'

export interface Run {
  id: string
  kind: string
  state: 'running' | 'done' | 'failed' | 'lost'
  done: number
  total: number
  result: Record<string, any>
  file_name?: string | null
}

export function useRun() {
  const run = shallowRef<Run>()
  const busy = ref(false)
  let gone = false
  onScopeDispose(() => (gone = true))

  /** Starts a run and follows it to its end. */
  async function follow(start: () => Promise<{ run_id: string }>): Promise<Run | undefined> {
    busy.value = true
    run.value = undefined
    try {
      const { run_id } = await start()
      for (let pause = 150; !gone; pause = Math.min(pause * 1.5, 2000)) {
        run.value = await api.get<Run>(`/runs/${run_id}`)
        if (run.value.state !== 'running') return run.value
        await new Promise((resolve) => setTimeout(resolve, pause))
      }
      return undefined
    } finally {
      busy.value = false
    }
  }
  return { run, busy, follow, forget: () => (run.value = undefined) }
}
