/** `npm run bench [speed|clones|locks|agreement|indexes|service|knowledge]`: figures and ratios; nothing passes or fails. */
const [what] = process.argv.slice(2)

if (what === undefined || what === 'speed') await (await import('./speed.ts')).benchSpeed()
if (what === undefined || what === 'clones') await (await import('./clones.ts')).benchClones()
if (what === undefined || what === 'locks') await (await import('./locks.ts')).benchLocks()
if (what === undefined || what === 'agreement') await (await import('./agreement.ts')).benchAgreement()
if (what === undefined || what === 'indexes') await (await import('./index-trial.ts')).benchIndexTrial(process.argv.includes('--each'))
if (what === undefined || what === 'service') {
  const [, changes, part] = process.argv.slice(2)
  await (await import('./service.ts')).benchService(changes === undefined ? undefined : Number(changes), part)
}
if (what === undefined || what === 'knowledge') {
  const [, part, ...sizes] = process.argv.slice(2)
  await (await import('./knowledge.ts')).benchKnowledge(part, sizes.length === 0 ? undefined : sizes.map(Number))
}
