import { computed, ref } from 'vue'
import { api } from '@/shared/api'
import type { KnowledgeClass } from '@/shared/entities/knowledge'

const classes = ref<KnowledgeClass[]>([])
let asked: Promise<void> | undefined

/** Reads regions and businesses again, after somebody changed them here. */
export async function reloadClasses(): Promise<void> {
  classes.value = await api.get<KnowledgeClass[]>('/knowledge/classes')
}

export interface ClassRow {
  code: string
  name: string
  /** How deep it stands, from 0. */
  depth: number
  parent: string | null
}

/** One kind of classes in the order of its tree. */
export function treeOf(all: readonly KnowledgeClass[], kind: string, inactive = false): ClassRow[] {
  const own = all.filter((one) => one.kind === kind && (inactive || one.active))
  const known = new Set(own.map((one) => one.code))
  const rows: ClassRow[] = []
  const walk = (parent: string | null, depth: number): void => {
    for (const one of own) {
      const above = one.parent_code && known.has(one.parent_code) ? one.parent_code : null
      if (above !== parent || rows.some((row) => row.code === one.code)) continue
      rows.push({ code: one.code, name: one.name, depth, parent })
      walk(one.code, depth + 1)
    }
  }
  walk(null, 0)
  return rows
}

/** Regions and businesses with their names; read once. */
export function useClasses() {
  asked ??= reloadClasses().catch(() => {
    asked = undefined
  })
  const regions = computed(() => treeOf(classes.value, 'region'))
  const businesses = computed(() => treeOf(classes.value, 'business'))
  const name = (kind: string, code?: string | null) => classes.value.find((one) => one.kind === kind && one.code === code)?.name ?? code ?? ''
  return { classes, regions, businesses, regionName: (code?: string | null) => name('region', code), businessName: (code?: string | null) => name('business', code) }
}
