/** What embedding costs. */
import type { Cost } from '../upkeep.ts'

/** US dollars a million tokens, at once and not in batches over night. https://developers.openai.com/api/docs/models/text-embedding-3-large has both. */
const PRICES: Record<string, number> = { 'text-embedding-3-small': 0.02, 'text-embedding-3-large': 0.13 }
const READ = 'developers.openai.com/api/docs/pricing, 2026-11-21'

export const PRICED_MODELS = Object.keys(PRICES)

/** `configured` is a price that the operator told. */
export function costOf(model: string, tokens: number, configured?: number): Cost {
  const price = configured ?? (Object.hasOwn(PRICES, model) ? PRICES[model] : undefined)
  if (price === undefined) return { model, tokens, price: null, usd: null, source: null }
  return { model, tokens, price, usd: (tokens * price) / 1e6, source: configured === undefined ? READ : 'configuration' }
}
