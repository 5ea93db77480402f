/** `npm run bench [speed|agreement]`: figures and ratios; nothing passes or fails. */
const [what] = process.argv.slice(2)

if (what === undefined || what === 'speed') await (await import('./speed.ts')).benchSpeed()
if (what === undefined || what === 'agreement') await (await import('./agreement.ts')).benchAgreement()
