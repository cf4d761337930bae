/**
 * Texts name files as `file/<id>` and other entries as `entry/<id>`; a page turns
 * both into addresses of its own. What the server keeps is clean already.
 */
export interface Places {
  /** Before the id of a file, such as `/api/v1/knowledge/files/`. */
  files: string
  /** Before the id of an entry, such as `/desk/knowledge/`. */
  entries: string
}

export const DESK: Places = { files: '/api/v1/knowledge/files/', entries: '/desk/knowledge/' }
export const PORTAL: Places = { files: '/api/v1/portal/knowledge/files/', entries: '/knowledge/' }
export const EMBEDDED: Places = { files: '/api/v1/portal/knowledge/files/', entries: '/embed/knowledge/' }

/** Puts a page's own addresses into a text; links to entries that are gone become plain words. */
export function shown(html: string, places: Places, gone: ReadonlySet<string> = new Set()): string {
  return html
    .replace(/src="file\/([0-9a-f-]{36})"/g, (_, id: string) => `src="${places.files}${id}/file"`)
    .replace(/<a ([^>]*)href="file\/([0-9a-f-]{36})"/g, (_, before: string, id: string) => `<a ${before}href="${places.files}${id}/file"`)
    .replace(/<a ([^>]*)href="entry\/([0-9a-f-]{36})"([^>]*)>([\s\S]*?)<\/a>/g, (_, before: string, id: string, after: string, words: string) =>
      gone.has(id) ? words : `<a ${before}href="${places.entries}${id}"${after}>${words}</a>`,
    )
}

/** Takes the desk's addresses out again, before a text is sent to the server. */
export function stored(html: string): string {
  return html
    .replace(/src="\/api\/v1\/knowledge\/files\/([0-9a-f-]{36})\/file"/g, 'src="file/$1"')
    .replace(/href="\/api\/v1\/knowledge\/files\/([0-9a-f-]{36})\/file"/g, 'href="file/$1"')
    .replace(/href="\/desk\/knowledge\/([0-9a-f-]{36})"/g, 'href="entry/$1"')
}

export interface Piece {
  text: string
  marked: boolean
}

/** Divides a text at its marks, which count characters and not UTF-16 units. */
export function pieces(text: string, marks: readonly (readonly number[])[]): Piece[] {
  const characters = Array.from(text)
  const out: Piece[] = []
  let at = 0
  for (const mark of marks) {
    const [from = 0, to = 0] = mark
    if (from < at || to > characters.length) continue
    if (from > at) out.push({ text: characters.slice(at, from).join(''), marked: false })
    out.push({ text: characters.slice(from, to).join(''), marked: true })
    at = to
  }
  if (at < characters.length) out.push({ text: characters.slice(at).join(''), marked: false })
  return out
}
