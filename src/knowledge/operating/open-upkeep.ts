import type { Database } from '../../database/database.ts'
import type { Upkeep } from '../upkeep.ts'
import { examine } from './examine.ts'
import { exportBase } from './export.ts'
import { importBase } from './import.ts'
import { type Pricing, readStatistics } from './statistics.ts'

/** Of the knowledge base in a database, which is left open. `pricing` has the model that is configured. */
export function openUpkeep(database: Database, pricing: Pricing = {}): Upkeep {
  return {
    statistics: async () => await readStatistics(database, pricing),
    examine: async (context) => await examine(database, context),
    export: async (file, options) => await exportBase(database, file, options),
    import: async (file, options) => await importBase(database, file, { ...options, model: pricing.model }),
  }
}
