/** The ring: two soft tones made on the spot, no sound file needed. */
let context: AudioContext | undefined
let timer: ReturnType<typeof setInterval> | undefined

function chime(): void {
  try {
    context ??= new AudioContext()
    const start = context.currentTime
    ;[660, 880].forEach((pitch, index) => {
      if (!context) return
      const tone = context.createOscillator()
      const gain = context.createGain()
      const at = start + index * 0.22
      tone.frequency.value = pitch
      gain.gain.setValueAtTime(0, at)
      gain.gain.linearRampToValueAtTime(0.12, at + 0.03)
      gain.gain.exponentialRampToValueAtTime(0.0001, at + 0.5)
      tone.connect(gain).connect(context.destination)
      tone.start(at)
      tone.stop(at + 0.55)
    })
  } catch {
    // A page without sound still shows the call.
  }
}

export function startRing(): void {
  if (timer) return
  chime()
  timer = setInterval(chime, 2200)
}

export function stopRing(): void {
  clearInterval(timer)
  timer = undefined
}
