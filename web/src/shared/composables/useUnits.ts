import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { api, itemsOf, type Page, type PathFor } from '@/shared/api'
import { treeRows, type Category } from '@/shared/entities/cases'
import type { Unit } from '@/shared/entities/identity'

/** Units and categories, which many pages show and pick from; read once and again after a change. */
export const useCatalogue = defineStore('catalogue', () => {
  const units = ref<Unit[]>([])
  const categories = ref<Category[]>([])
  let unitsRead: Promise<void> | undefined
  let categoriesRead: Promise<void> | undefined

  /** All pages of a list that is long but bounded. */
  async function all<T>(path: PathFor<'get'>): Promise<T[]> {
    const found: T[] = []
    let cursor: string | null | undefined
    do {
      const answer = await api.get<Page<T> | T[]>(path, { limit: 500, cursor })
      found.push(...itemsOf(answer))
      cursor = Array.isArray(answer) ? null : answer.next_cursor
    } while (cursor)
    return found
  }

  function loadUnits(again = false): Promise<void> {
    if (again || !unitsRead) {
      unitsRead = all<Unit>('/units').then((found) => void (units.value = found))
      unitsRead.catch(() => (unitsRead = undefined))
    }
    return unitsRead
  }
  function loadCategories(again = false): Promise<void> {
    if (again || !categoriesRead) {
      categoriesRead = all<Category>('/categories').then((found) => void (categories.value = found))
      categoriesRead.catch(() => (categoriesRead = undefined))
    }
    return categoriesRead
  }
  function forget(): void {
    units.value = []
    categories.value = []
    unitsRead = categoriesRead = undefined
  }

  return {
    units,
    categories,
    unitRows: computed(() => treeRows(units.value)),
    categoryRows: computed(() => treeRows(categories.value)),
    unitName: (id?: string | null) => units.value.find((unit) => unit.id === id)?.name ?? '',
    loadUnits,
    loadCategories,
    forget,
  }
})
