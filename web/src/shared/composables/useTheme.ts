import { ref } from 'vue'

const STORAGE = 'yihao.theme'
const dark = ref(false)

function apply(value: boolean): void {
  dark.value = value
  document.documentElement.classList.toggle('dark', value)
}

/** Sets the remembered theme, or the system's, before the first paint. */
export function startTheme(): void {
  const stored = localStorage.getItem(STORAGE)
  apply(stored ? stored === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches)
}

export function useTheme() {
  return {
    dark,
    toggle() {
      apply(!dark.value)
      localStorage.setItem(STORAGE, dark.value ? 'dark' : 'light')
    },
  }
}
