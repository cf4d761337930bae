import { onScopeDispose, ref, type Ref } from 'vue'

/** The time of day, renewed every `stepMs`, for timers and words such as "in 2 hours". */
export function useNow(stepMs = 1000): Ref<number> {
  const now = ref(Date.now())
  const timer = setInterval(() => (now.value = Date.now()), stepMs)
  onScopeDispose(() => clearInterval(timer))
  return now
}
