/** A small picture of a picture or a video, made here so that nobody loads whole files to look at a list. */
const SIDE = 360
const BYTES_MAX = 90 * 1024

async function drawn(source: CanvasImageSource, width: number, height: number): Promise<Blob | undefined> {
  if (!width || !height) return undefined
  const scale = Math.min(1, SIDE / Math.max(width, height))
  const canvas = document.createElement('canvas')
  canvas.width = Math.max(1, Math.round(width * scale))
  canvas.height = Math.max(1, Math.round(height * scale))
  canvas.getContext('2d')?.drawImage(source, 0, 0, canvas.width, canvas.height)
  for (const quality of [0.8, 0.6, 0.4]) {
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', quality))
    if (blob && blob.size <= BYTES_MAX) return blob
  }
  return undefined
}

async function ofPicture(file: Blob): Promise<Blob | undefined> {
  const bitmap = await createImageBitmap(file)
  try {
    return await drawn(bitmap, bitmap.width, bitmap.height)
  } finally {
    bitmap.close()
  }
}

async function ofVideo(file: Blob): Promise<Blob | undefined> {
  const video = document.createElement('video')
  const source = URL.createObjectURL(file)
  video.muted = true
  video.playsInline = true
  video.preload = 'auto'
  try {
    await new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error('late')), 4000)
      video.onseeked = () => { clearTimeout(late); resolve() }
      video.onerror = () => { clearTimeout(late); reject(new Error('unreadable')) }
      video.onloadedmetadata = () => { video.currentTime = Math.min(1, (video.duration || 0) / 2) }
      video.src = source
    })
    return await drawn(video, video.videoWidth, video.videoHeight)
  } finally {
    URL.revokeObjectURL(source)
  }
}

/** Makes one, or none where this browser cannot. */
export async function makeThumb(file: File): Promise<Blob | undefined> {
  try {
    if (file.type.startsWith('image/')) return await ofPicture(file)
    if (file.type.startsWith('video/')) return await ofVideo(file)
  } catch {
    // Without a small picture the list shows a sign.
  }
  return undefined
}
