/** Reads `112.53, 30.24` as people copy it from other maps: longitude and latitude, in either order where it is plain. */
export function readPair(text: string): [number, number] | undefined {
  const found = text.match(/-?\d+(?:\.\d+)?/g)
  if (!found || found.length !== 2) return undefined
  const [first, second] = found.map(Number) as [number, number]
  // Beyond 90 it can only be a longitude; in China that settles the order.
  if (Math.abs(first) <= 90 && Math.abs(second) > 90 && Math.abs(second) <= 180) return [second, first]
  if (Math.abs(first) > 180 || Math.abs(second) > 90) return undefined
  return [first, second]
}
