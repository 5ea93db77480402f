import type { Workload } from './workload.ts'

export const SHOP: Workload = { name: 'a shop', schema: [], load: [], queries: [] }
