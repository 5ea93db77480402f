import { DICE, oneOf, severalOf, WITHOUT_DICE } from '../dice.ts'
import { COLOURS, COMMENT_WORDS, CONTAINERS, INSTRUCTIONS, MODES, NATIONS, PRIORITIES, REGIONS, SEGMENTS, TYPES } from './words.ts'

const SUPPLIERS = 500
const PARTS = 10_000
const CUSTOMERS = 7_500
const ORDERS = 75_000
const CLERKS = 50

const comment = (words: number, n: string, purpose: number): string => severalOf(COMMENT_WORDS, words, n, purpose)
/** One of each list. */
const oneOfEach = (lists: readonly string[][], n: string, purpose: number): string =>
  lists.map((words, place) => oneOf(words, n, purpose + place)).join(` || ' ' || `)
const phone = (nation: string, n: string, purpose: number): string =>
  `(${nation} + 10) || '-' || (100 + dice(${n}, ${purpose}, 900)) || '-' || (100 + dice(${n}, ${purpose + 1}, 900)) || '-' || (1000 + dice(${n}, ${purpose + 2}, 9000))`
/** The supplier number `place` (0 to 3) of a part, as section 4.2.3 spreads them. */
const supplierOf = (part: string, place: string): string =>
  `(${part} + ${place} * (${SUPPLIERS} / 4 + (${part} - 1) / ${SUPPLIERS})) % ${SUPPLIERS} + 1`
const price = (part: string): string => `((90000 + (${part} / 10) % 20001 + 100 * (${part} % 1000)) / 100.0)`
const balance = (n: string, purpose: number): string => `(dice(${n}, ${purpose}, 1099999) - 99999) / 100.0`

const PLACES = `INSERT INTO region VALUES ${REGIONS.map((name, key) => `(${key}, '${name}', '')`).join(', ')}`
const COUNTRIES = `INSERT INTO nation VALUES ${NATIONS.map(([name, region], key) => `(${key}, '${name}', ${region}, '')`).join(', ')}`

const SUPPLIER = `INSERT INTO supplier SELECT n, 'Supplier#' || lpad(n::text, 9, '0'), md5(n::text), nation, ${phone('nation', 'n', 12)}, ${balance('n', 15)},
    CASE WHEN n % 100 = 7 THEN 'Customer even Complaints' WHEN n % 100 = 8 THEN 'Customer final Recommends' ELSE ${comment(6, 'n', 20)} END
  FROM generate_series(1, ${SUPPLIERS}) AS n, LATERAL (SELECT dice(n, 11, 25) AS nation) AS lives`

const PART = `INSERT INTO part SELECT n, ${severalOf(COLOURS, 5, 'n', 30)}, 'Manufacturer#' || maker, 'Brand#' || maker || (1 + dice(n, 36, 5)),
    ${oneOfEach(TYPES, 'n', 37)}, 1 + dice(n, 41, 50), ${oneOfEach(CONTAINERS, 'n', 42)}, ${price('n')}, ${comment(1, 'n', 45)}
  FROM generate_series(1, ${PARTS}) AS n, LATERAL (SELECT 1 + dice(n, 35, 5) AS maker) AS made`

const PARTSUPP = `INSERT INTO partsupp SELECT part, ${supplierOf('part', 'place')}, 1 + dice(part * 4 + place, 50, 9999),
    (100 + dice(part * 4 + place, 51, 99901)) / 100.0, ${comment(12, '(part * 4 + place)', 52)}
  FROM generate_series(1, ${PARTS}) AS part, generate_series(0, 3) AS place`

const CUSTOMER = `INSERT INTO customer SELECT n, 'Customer#' || lpad(n::text, 9, '0'), md5(n::text), nation, ${phone('nation', 'n', 71)}, ${balance('n', 74)},
    ${oneOf(SEGMENTS, 'n', 75)}, ${comment(8, 'n', 76)}
  FROM generate_series(1, ${CUSTOMERS}) AS n, LATERAL (SELECT dice(n, 70, 25) AS nation) AS lives`

/** A third of the customers never order; of 32 keys 8 are used. The state and the price follow from the lines. */
const ORDER = `INSERT INTO orders SELECT (n / 8) * 32 + n % 8 + 1, 3 * (dice(n, 90, ${CUSTOMERS}) / 3) + 1 + dice(n, 91, 2),
    CASE WHEN day > '1995-06-17' THEN 'O' WHEN day < '1995-02-17' THEN 'F' ELSE 'P' END, (85771 + dice(n, 93, 50000000)) / 100.0, day,
    ${oneOf(PRIORITIES, 'n', 94)}, 'Clerk#' || lpad((1 + dice(n, 95, ${CLERKS}))::text, 9, '0'), 0, ${comment(6, 'n', 96)}
  FROM generate_series(0, ${ORDERS - 1}) AS n, LATERAL (SELECT date '1992-01-01' + dice(n, 92, 2406) AS day) AS placed`

/** One to seven a order, after its date. */
const LINEITEM = `INSERT INTO lineitem SELECT o_orderkey, part, ${supplierOf('part', 'dice(n, 112, 4)')}, line, quantity, quantity * ${price('part')},
    dice(n, 114, 11) / 100.0, dice(n, 115, 9) / 100.0,
    CASE WHEN shipped + 1 + dice(n, 117, 30) > '1995-06-17' THEN 'N' WHEN dice(n, 118, 2) = 0 THEN 'R' ELSE 'A' END,
    CASE WHEN shipped > '1995-06-17' THEN 'O' ELSE 'F' END, shipped, o_orderdate + 30 + dice(n, 119, 61), shipped + 1 + dice(n, 117, 30),
    ${oneOf(INSTRUCTIONS, 'n', 120)}, ${oneOf(MODES, 'n', 121)}, ${comment(3, 'n', 122)}
  FROM orders CROSS JOIN LATERAL generate_series(1, 1 + dice(o_orderkey, 110, 7)) AS line
    CROSS JOIN LATERAL (SELECT o_orderkey::bigint * 8 + line AS n) AS numbered
    CROSS JOIN LATERAL (SELECT 1 + dice(n, 111, ${PARTS}) AS part, 1 + dice(n, 113, 50) AS quantity, o_orderdate + 1 + dice(n, 116, 121) AS shipped) AS said`

const FOREIGN_KEYS = [
  ['nation', 'n_regionkey', 'region'],
  ['supplier', 's_nationkey', 'nation'],
  ['customer', 'c_nationkey', 'nation'],
  ['partsupp', 'ps_partkey', 'part'],
  ['partsupp', 'ps_suppkey', 'supplier'],
  ['orders', 'o_custkey', 'customer'],
  ['lineitem', 'l_orderkey', 'orders'],
  ['lineitem', 'l_partkey, l_suppkey', 'partsupp'],
].map(([table, columns, other]) => `ALTER TABLE ${table} ADD FOREIGN KEY (${columns}) REFERENCES ${other}`)

/** Section 4.2.3: which values a column has and how often; the words of comments are fewer and the state of an order is by its date. */
export const LOAD = [DICE, PLACES, COUNTRIES, SUPPLIER, PART, PARTSUPP, CUSTOMER, ORDER, LINEITEM, ...FOREIGN_KEYS, WITHOUT_DICE]
