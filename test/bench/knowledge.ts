const PARTS = ['quality', 'speed', 'memory', 'vectors', 'cite']

/** All parts, or one of them; `sizes` are how many passages searches are timed over. */
export async function benchKnowledge(part?: string, sizes?: readonly number[]): Promise<void> {
  if (part !== undefined && !PARTS.includes(part)) return console.log(`knowledge: there is ${PARTS.join(', ')}, but no ${part}`)
  if (part === undefined || part === 'quality') await (await import('./knowledge/quality.ts')).benchQuality()
  if (part === undefined || part === 'speed') await (await import('./knowledge/speed.ts')).benchSearchSpeed(sizes)
  if (part === undefined || part === 'memory') await (await import('./knowledge/memory.ts')).benchMemory()
  if (part === undefined || part === 'cite') await (await import('./knowledge/cite.ts')).benchCite()
  if (part === undefined || part === 'vectors') await (await import('./knowledge/vectors.ts')).benchVectors(sizes?.[0])
}
