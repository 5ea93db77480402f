import { DICE, oneOf, severalOf, WITHOUT_DICE } from '../dice.ts'
import { ADJECTIVES, COLOURS, COUNTRIES, FIRST_NAMES, LAST_NAMES, SENTENCE, TAGS, THINGS } from './words.ts'

const ACCOUNTS = 10_000
const USERS = 60_000
const SESSIONS = 120_000
const PRODUCTS = 30_000
const ORDERS = 250_000
const ITEMS = 500_000
const EVENTS = 300_000
const MESSAGES = 150_000
const JOBS = 150_000
const AUDITED = 240_000

/** 1 to `count`, the low ones much more often: a few accounts do most of the business. */
const skewed = (n: string, purpose: number, count: number): string =>
  `(1 + floor(${count} * power(dice(${n}, ${purpose}, 1000000) / 1e6, 2)))::int`
const accountOf = (user: string): string => skewed(user, 1, ACCOUNTS)
/** Rows come in the order of time, over `days` that end with 2024. */
const moment = (n: string, count: number, days: number): string =>
  `timestamptz '2025-01-01' - (${count} - ${n} + 0.5) / ${count} * interval '${days} days'`
/** One of two values, the second in so many of a thousand rows. */
const rarely = (often: string, seldom: string, n: string, purpose: number, permille: number): string =>
  `CASE WHEN dice(${n}, ${purpose}, 1000) < ${permille} THEN ${seldom} ELSE ${often} END`

const ACCOUNT = `INSERT INTO accounts SELECT n, ${oneOf(LAST_NAMES, 'n', 10)} || ' ' || ${oneOf(['Ltd', 'GmbH', 'Inc', 'SA'], 'n', 11)}, 'shop-' || n,
    CASE WHEN dice(n, 12, 1000) < 850 THEN 'free' WHEN dice(n, 12, 1000) < 990 THEN 'team' ELSE 'enterprise' END, ${oneOf(COUNTRIES, 'n', 13)},
    CASE WHEN n > ${ACCOUNTS} * 0.97 THEN made + interval '14 days' END, '{"theme": "light"}', made, ${rarely('NULL', `made + interval '90 days'`, 'n', 14, 40)}
  FROM generate_series(1, ${ACCOUNTS}) AS n, LATERAL (SELECT ${moment('n', ACCOUNTS, 1400)} AS made) AS at`

const USER = `INSERT INTO users SELECT n, ${accountOf('n')}, 'User' || n || '@example' || n % 50 || '.com', ${oneOf(FIRST_NAMES, 'n', 20)} || ' ' || ${oneOf(LAST_NAMES, 'n', 21)},
    CASE WHEN dice(n, 22, 100) < 90 THEN 'member' WHEN dice(n, 22, 100) < 97 THEN 'admin' ELSE 'owner' END,
    ${rarely(`made + interval '1 hour'`, 'NULL', 'n', 23, 20)}, ${rarely(`made + dice(n, 24, 1000) / 1000.0 * (timestamptz '2025-01-01' - made)`, 'NULL', 'n', 25, 100)},
    made, ${rarely('NULL', `made + interval '60 days'`, 'n', 26, 50)}
  FROM generate_series(1, ${USERS}) AS n, LATERAL (SELECT ${moment('n', USERS, 1400)} AS made) AS at`

const SESSION = `INSERT INTO sessions SELECT n, ${skewed('n', 30, USERS)}, md5('session' || n), made, made + interval '30 days', ${rarely('NULL', `made + interval '1 day'`, 'n', 31, 300)}
  FROM generate_series(1, ${SESSIONS}) AS n, LATERAL (SELECT ${moment('n', SESSIONS, 700)} AS made) AS at`

const PRODUCT = `INSERT INTO products SELECT n, ${skewed('n', 40, 200)}, 'SKU-' || lpad(n::text, 6, '0'), ${oneOf(ADJECTIVES, 'n', 41)} || ' ' || ${oneOf(THINGS, 'n', 42)} || ' ' || n % 100,
    (200 + dice(n, 43, 20000)) / 100.0, ${rarely('1 + dice(n, 44, 500)', '0', 'n', 45, 15)}, dice(n, 46, 100) >= 10,
    ARRAY[${oneOf(TAGS, 'n', 47)}, ${oneOf(TAGS, 'n', 48)}],
    jsonb_build_object('colour', ${oneOf(COLOURS, 'n', 49)}, 'size', ${oneOf(['XS', 'S', 'M', 'L', 'XL'], 'n', 50)}, 'grams', dice(n, 51, 5000)), ${moment('n', PRODUCTS, 1000)}
  FROM generate_series(1, ${PRODUCTS}) AS n`

/** What is under way is nearly always recent. */
const STATUS = `CASE WHEN n > ${ORDERS} - 3000 THEN ${oneOf(['pending', 'paid', 'done'], 'n', 60)}
    WHEN dice(n, 61, 1000) < 960 THEN 'done' WHEN dice(n, 61, 1000) < 985 THEN 'cancelled' WHEN dice(n, 61, 1000) < 992 THEN 'refunded'
    WHEN dice(n, 61, 1000) < 998 THEN 'draft' ELSE 'pending' END`

const ORDER = `INSERT INTO orders SELECT n, ${accountOf('buyer')}, buyer, 'SO-' || lpad(n::text, 7, '0'), status, (500 + dice(n, 62, 500) * dice(n, 63, 1000)) / 100.0,
    ${rarely('NULL', oneOf(['SUMMER24', 'WELCOME', 'FRIEND', 'BLACKFRIDAY'], 'n', 64), 'n', 65, 20)}, ${oneOf(COUNTRIES, 'n', 66)}, made,
    CASE WHEN status IN ('done', 'refunded') THEN made + (1 + dice(n, 67, 72)) * interval '1 hour' END
  FROM generate_series(1, ${ORDERS}) AS n,
    LATERAL (SELECT ${skewed('n', 68, USERS)} AS buyer, ${moment('n', ORDERS, 730)} AS made, ${STATUS} AS status) AS said`

const ITEM = `INSERT INTO order_items SELECT n, 1 + (n - 1) / 2, ${skewed('n', 70, PRODUCTS)}, 1 + dice(n, 71, 4), (200 + dice(n, 72, 20000)) / 100.0
  FROM generate_series(1, ${ITEMS}) AS n`

const PAYMENT = `INSERT INTO payments SELECT id, id, ${rarely(`'stripe'`, oneOf(['paypal', 'invoice'], 'id', 80), 'id', 81, 300)}, 'ch_' || md5('payment' || id),
    CASE WHEN status = 'pending' THEN 'pending' WHEN dice(id, 82, 1000) < 10 THEN 'failed' ELSE 'succeeded' END, total, created_at + interval '5 minutes'
  FROM orders WHERE status <> 'draft' ORDER BY id`

const EVENT = `INSERT INTO events SELECT n, ${accountOf('actor')}, actor,
    CASE WHEN dice(n, 90, 1000) < 2 THEN 'refund' ELSE ${oneOf(['view', 'view', 'view', 'search', 'login', 'basket', 'checkout'], 'n', 91)} END,
    jsonb_build_object('request', 'req-' || lpad(n::text, 7, '0'), 'order', 1 + dice(n, 92, ${ORDERS}), 'path', '/' || ${oneOf(THINGS, 'n', 93)}, 'ms', dice(n, 94, 900)),
    ${moment('n', EVENTS, 366)}
  FROM generate_series(1, ${EVENTS}) AS n, LATERAL (SELECT ${skewed('n', 95, USERS)} AS actor) AS said`

const MESSAGE = `INSERT INTO messages SELECT n, ${accountOf('reader')}, ${skewed('n', 100, USERS)}, reader, ${severalOf(SENTENCE, 3, 'n', 101)}, ${severalOf(SENTENCE, 15, 'n', 104)},
    ${rarely(`made + interval '3 hours'`, 'NULL', 'n', 120, 40)}, made
  FROM generate_series(1, ${MESSAGES}) AS n, LATERAL (SELECT ${skewed('n', 121, USERS)} AS reader, ${moment('n', MESSAGES, 500)} AS made) AS said`

/** The last ones wait, a few of the others are stuck or failed. */
const JOB = `INSERT INTO jobs SELECT n, ${oneOf(['mail', 'mail', 'mail', 'search', 'export', 'invoice'], 'n', 130)}, status, dice(n, 131, 3), due,
    CASE WHEN status = 'running' THEN due END, CASE WHEN status = 'done' THEN due + interval '10 seconds' END, jsonb_build_object('id', n)
  FROM generate_series(1, ${JOBS}) AS n, LATERAL (SELECT ${moment('n', JOBS, 180)} AS due,
    CASE WHEN n > ${JOBS} - 800 THEN 'queued' WHEN dice(n, 132, 1000) < 3 THEN 'failed' WHEN dice(n, 132, 10000) < 33 THEN 'running' ELSE 'done' END AS status) AS said`

const AUDIT = `INSERT INTO audit_log SELECT n, ${accountOf('actor')}, actor, ${oneOf(['create', 'update', 'update', 'update', 'delete', 'export'], 'n', 140)},
    ${oneOf(['order', 'order', 'product', 'user'], 'n', 141)}, 1 + dice(n, 142, 50000), ${moment('n', AUDITED, 366)}
  FROM generate_series(1, ${AUDITED}) AS n, LATERAL (SELECT ${skewed('n', 143, USERS)} AS actor) AS said`

const FOREIGN_KEYS = [
  ['users', 'account_id', 'accounts'],
  ['sessions', 'user_id', 'users'],
  ['orders', 'account_id', 'accounts'],
  ['orders', 'user_id', 'users'],
  ['order_items', 'order_id', 'orders'],
  ['order_items', 'product_id', 'products'],
  ['payments', 'order_id', 'orders'],
  ['events', 'account_id', 'accounts'],
  ['events', 'user_id', 'users'],
  ['messages', 'sender_id', 'users'],
  ['messages', 'recipient_id', 'users'],
  ['audit_log', 'account_id', 'accounts'],
].map(([table, column, other]) => `ALTER TABLE ${table} ADD FOREIGN KEY (${column}) REFERENCES ${other}`)

/** About two million rows. */
export const LOAD = [
  DICE,
  ...[ACCOUNT, USER, SESSION, PRODUCT, ORDER, ITEM, PAYMENT, EVENT, MESSAGE, JOB, AUDIT],
  ...FOREIGN_KEYS,
  WITHOUT_DICE,
]
