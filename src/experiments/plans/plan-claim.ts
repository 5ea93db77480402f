/** Something a plan shows that costs more than it would have to. */
export interface PlanClaim {
  code:
    | 'seq-scan'
    | 'misestimate'
    | 'spill'
    | 'nested-loop'
    | 'poor-index'
    | 'lossy-bitmap'
    | 'wrong-order-index'
    | 'heap-fetches'
    | 'sort-for-limit'
  /** `Seq Scan on public.orders`. */
  node: string
  message: string
  numbers: Record<string, number>
}

/** 8 MB: a table smaller than that is read in a few milliseconds whatever the plan. */
export const SMALL_BLOCKS = 1000
