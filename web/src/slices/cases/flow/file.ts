/** Files out of and into the browser. */

/** Lets the person choose a text file; nothing when the choice is given up or the file is no text of reasonable size. */
export function pick(accept: string): Promise<string | null> {
  return new Promise((resolve) => {
    const input = document.createElement('input')
    input.type = 'file'
    input.accept = accept
    input.onchange = async () => {
      const file = input.files?.[0]
      resolve(file && file.size <= 2_000_000 ? await file.text() : null)
    }
    input.oncancel = () => resolve(null)
    input.click()
  })
}

export function save(name: string, text: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([text], { type: 'application/xml' }))
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}
