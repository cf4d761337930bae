/** A file that was sent, as every place that shows files knows it. */
export interface SentFile {
  id: string
  name: string
  /** `image`, `audio`, `video` or `document`. */
  kind: string
  size_bytes: number
  has_thumb: boolean
}

/** Where files are sent to and fetched from: an order's step, a draft, a citizen's ticket, a helper's link. */
export interface FilePlace {
  /** Files that wait there already. */
  list: () => Promise<SentFile[]>
  /** The address that takes one more; it may have to be asked for first. */
  target: () => Promise<string>
  remove: (id: string) => Promise<void>
  src: (id: string, thumb?: boolean) => string
  filesMax: number
  bytesMax: number
}

/** What pickers offer; the server looks at the content. */
export const ACCEPTED = 'image/jpeg,image/png,image/gif,image/webp,audio/*,video/mp4,video/quicktime,video/webm,.pdf,.ofd,.doc,.docx,.xls,.xlsx,.ppt,.pptx,.wps,.et,.txt,.csv'

export function sizeText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  if (bytes < 1024 * 1024) return `${Math.round(bytes / 1024)} KB`
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`
}
