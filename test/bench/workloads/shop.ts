import { CUSTOMER_QUERIES } from './shop/customer-queries.ts'
import { HISTORY_QUERIES } from './shop/history-queries.ts'
import { LOAD } from './shop/load.ts'
import { ORDER_QUERIES } from './shop/order-queries.ts'
import { PRODUCT_QUERIES } from './shop/product-queries.ts'
import { SCHEMA } from './shop/schema.ts'
import type { Workload } from './workload.ts'

/**
 * What an application of many customers sends: sixty queries over few tables, most of them for few rows, where one index can serve several
 * and many a column holds nearly always the same.
 */
export const SHOP: Workload = {
  name: 'a shop',
  schema: SCHEMA,
  load: LOAD,
  queries: [...CUSTOMER_QUERIES, ...ORDER_QUERIES, ...PRODUCT_QUERIES, ...HISTORY_QUERIES],
}
