import { parseStatistics } from './statistics.ts'

/** Statistics as an export with `--no-values` has them: no value of a row is left. */
export function withoutValues(text: string, path: string): string {
  const statistics = parseStatistics(text, path)
  return JSON.stringify({
    ...statistics,
    values: false,
    relations: statistics.relations.map((relation) => ({
      ...relation,
      columns: relation.columns.map((column) => ({
        ...column,
        mostCommonValues: null,
        mostCommonFrequencies: null,
        histogramBounds: null,
        mostCommonElements: null,
        mostCommonElementFrequencies: null,
        rangeLengthHistogram: null,
        rangeBoundsHistogram: null,
      })),
    })),
  })
}
