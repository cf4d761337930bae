/**
 * What somebody chose in a file input. A browser tells of a choice only when it differs from the one before, and keeps
 * the handle of what was chosen: a file that was refused, mended and chosen again would neither be told of nor be
 * readable. So an input holds nothing once its files were taken, or when it is opened again.
 */
import { shallowRef } from 'vue'

function empty(event: Event): HTMLInputElement {
  const input = event.target as HTMLInputElement
  input.value = ''
  return input
}

/** The files that were just chosen, for inputs that send them at once. */
export function takeFiles(event: Event): File[] {
  const files = [...((event.target as HTMLInputElement).files ?? [])]
  empty(event)
  return files
}

/**
 * One chosen file, for forms that show its name and send it later. Bind `input` to the input; `changed` is called
 * whenever another file, or none, is chosen.
 */
export function useChosenFile(changed?: (file: File | undefined) => void) {
  const file = shallowRef<File>()
  function set(next: File | undefined): void {
    if (file.value === next) return
    file.value = next
    changed?.(next)
  }
  return {
    file,
    forget: () => set(undefined),
    input: {
      onClick: (event: Event) => {
        empty(event)
        set(undefined)
      },
      onChange: (event: Event) => set((event.target as HTMLInputElement).files?.[0]),
    },
  }
}
