import { describe, expect, it, vi } from 'vitest'
import { createApp, h } from 'vue'
import { takeFiles, useChosenFile } from '../chosen'

/** Puts files into an input as a browser does: a choice that looks the same as the one before is not told of. */
function choose(input: HTMLInputElement, name: string, holds: string): void {
  input.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true }))
  if (input.dataset.name === name) return
  Object.defineProperty(input, 'files', { configurable: true, value: [new File([holds], name)] })
  input.dataset.name = name
  input.dispatchEvent(new Event('change', { bubbles: true }))
}
/** An input whose value can be emptied, as browsers allow. */
function watchValue(input: HTMLInputElement): void {
  Object.defineProperty(input, 'value', {
    configurable: true,
    get: () => input.dataset.name ?? '',
    set: () => {
      delete input.dataset.name
      Object.defineProperty(input, 'files', { configurable: true, value: [] })
    },
  })
}

describe('a chosen file', () => {
  it('is read anew when it was mended and is chosen again', async () => {
    const changed = vi.fn()
    const chosen = useChosenFile(changed)
    const place = document.createElement('div')
    createApp({ render: () => h('input', { type: 'file', ...chosen.input }) }).mount(place)
    const input = place.firstElementChild as HTMLInputElement
    watchValue(input)
    choose(input, 'rows.xlsx', 'wrong')
    expect(await chosen.file.value?.text()).toBe('wrong')
    choose(input, 'rows.xlsx', 'mended')
    expect(await chosen.file.value?.text()).toBe('mended')
    chosen.forget()
    expect(chosen.file.value).toBeUndefined()
    expect(changed).toHaveBeenCalledTimes(4)
  })

  it('that is sent at once leaves the input empty', () => {
    const input = document.createElement('input')
    input.type = 'file'
    watchValue(input)
    const taken: string[] = []
    input.addEventListener('change', (event) => taken.push(...takeFiles(event).map((file) => file.name)))
    choose(input, 'a.png', '1')
    choose(input, 'a.png', '2')
    expect(taken).toEqual(['a.png', 'a.png'])
  })
})
