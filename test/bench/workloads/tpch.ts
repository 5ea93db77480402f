import { LOAD } from './tpch/load.ts'
import { QUERIES } from './tpch/queries.ts'
import { SCHEMA } from './tpch/schema.ts'
import type { Workload } from './workload.ts'

/**
 * The tables, distributions and queries that the TPC-H specification defines, at about scale 0.05. Its generator is not used and its rules for
 * publishing are not kept, so the figures are not comparable to published ones.
 */
export const TPCH: Workload = { name: 'TPC-H, scale 0.05', schema: SCHEMA, load: LOAD, queries: QUERIES }
