/** Shapes of secrets: tokens of the forges, JSON Web Tokens, private keys, credentials in addresses and headers. */
const SECRETS: Array<[RegExp, string]> = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, '[private key]'],
  [/\b(?:gh[a-z]_\w+|github_pat_\w+|gl[a-z]{2,8}-[\w.-]+|sk-[\w-]{8,})/g, '[token]'],
  [/\beyJ[\w-]+\.[\w-]+(?:\.[\w-]+)?/g, '[token]'],
  [
    /\b((?:proxy-)?authorization|(?:private|job|deploy)-token|x-[\w-]*(?:token|key|secret|signature)[\w-]*)(["']?\s*[:=]\s*)[^\r\n,;}]+/gi,
    '$1$2[hidden]',
  ],
  [/\b(bearer|basic)\s+[\w.~+/=-]{6,}/gi, '$1 [hidden]'],
  [/([a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi, '$1[hidden]@'],
  [/([?&](?:[\w-]*token|[\w-]*secret|[\w-]*key|password|signature|sig)=)[^&\s"'#]+/gi, '$1[hidden]'],
]
const LONGEST = 500

/** What may be stored and logged of an error: one line, without what looks like a secret, and without its stack. */
export function maskedMessage(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  const masked = SECRETS.reduce((left, [shape, instead]) => left.replace(shape, instead), text.slice(0, 20 * LONGEST))
  return masked
    .replace(/[\p{Cc}\p{Cs}\s]+/gu, ' ')
    .trim()
    .slice(0, LONGEST)
    .toWellFormed()
}
