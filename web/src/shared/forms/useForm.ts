/** Answers of a form, with its script at work. */
import { computed, onScopeDispose, reactive, ref, watch, type Ref } from 'vue'
import { FormRunner, type ScriptFault } from './runner'
import { flat, type Answers, type Effects, type FormSchema } from './schema'

export interface FormSource { form: FormSchema; editable: string[]; required: string[]; node: string; roles: string[]; today: string; /** Whether the reader sees every field, so that an unknown key is a fault. */ whole?: boolean }

export function noEffects(): Effects {
  return { values: {}, hidden: [], required: {}, locked: [], options: {}, failures: [] }
}

/** Runs the script whenever answers change, and puts what it computes into the answers. */
export function useForm(source: Ref<FormSource | null | undefined>, answers: Ref<Answers>) {
  const effects = ref<Effects>(noEffects())
  const fault = ref<ScriptFault | null>(null)
  const state = reactive({ running: false, again: false })
  let runner: FormRunner | undefined
  let turn = 0
  let settled: Promise<void> = Promise.resolve()

  async function evaluate(): Promise<void> {
    const now = source.value
    if (!now || !runner) return
    if (state.running) {
      state.again = true
      return
    }
    state.running = true
    const mine = turn
    try {
      const keys = flat(now.form.fields).map((field) => field.key)
      const said = await runner.run({ answers: JSON.parse(JSON.stringify(answers.value)) as Answers, ...(now.whole ? { keys } : {}), today: now.today, node: now.node, roles: now.roles })
      if (mine !== turn) return
      fault.value = null
      effects.value = said
      const next = { ...answers.value }
      let moved = false
      for (const [key, value] of Object.entries(said.values)) {
        if (!keys.includes(key) || JSON.stringify(next[key] ?? null) === JSON.stringify(value)) continue
        moved = true
        if (value === null) delete next[key]
        else next[key] = value
      }
      if (moved) answers.value = next
    } catch (cause) {
      if (mine === turn) {
        fault.value = cause as ScriptFault
        effects.value = noEffects()
      }
    } finally {
      state.running = false
      if (state.again) {
        state.again = false
        await evaluate()
      }
    }
  }

  watch(
    () => source.value?.form.script ?? '',
    (script) => {
      turn += 1
      runner?.dispose()
      runner = script.trim() ? new FormRunner(script) : undefined
      effects.value = noEffects()
      fault.value = null
      settled = evaluate()
    },
    { immediate: true },
  )
  watch(answers, () => { settled = evaluate() }, { deep: true })
  watch(() => [source.value?.node, source.value?.roles, source.value?.form.fields], () => { settled = evaluate() })
  onScopeDispose(() => runner?.dispose())

  return { effects, fault, hidden: computed(() => new Set(effects.value.hidden)), settled: () => settled }
}
