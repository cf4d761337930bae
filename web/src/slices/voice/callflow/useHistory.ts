import { computed, ref, shallowRef } from 'vue'
import { copy, tidy, type Flow } from './graph'

/** A graph with undo and redo. Changes in quick succession under one name (typing, dragging) are one step. */
export function useHistory() {
  const flow = ref<Flow>({ schema: 1, start: '', nodes: [] })
  const past = shallowRef<string[]>([])
  const future = shallowRef<string[]>([])
  const saved = ref('')
  let last = { name: '', at: 0 }

  const text = () => JSON.stringify(flow.value)
  function load(graph: Flow): void {
    flow.value = copy(graph)
    past.value = future.value = []
    saved.value = text()
  }
  /** Changes the graph; `name` joins what belongs together. */
  function change(name: string, act: (flow: Flow) => void): void {
    const before = text()
    act(flow.value)
    tidy(flow.value)
    if (text() === before) return
    const now = Date.now()
    if (!name || name !== last.name || now - last.at > 1_500) past.value = [...past.value.slice(-99), before]
    last = { name, at: now }
    future.value = []
  }
  function undo(): void {
    const before = past.value.at(-1)
    if (before === undefined) return
    future.value = [text(), ...future.value]
    past.value = past.value.slice(0, -1)
    flow.value = JSON.parse(before) as Flow
    last = { name: '', at: 0 }
  }
  function redo(): void {
    const [next, ...rest] = future.value
    if (next === undefined) return
    past.value = [...past.value, text()]
    future.value = rest
    flow.value = JSON.parse(next) as Flow
  }
  return {
    flow, load, change, undo, redo,
    canUndo: computed(() => past.value.length > 0),
    canRedo: computed(() => future.value.length > 0),
    isChanged: computed(() => text() !== saved.value),
  }
}
