/** Months that the audit log has partitions for: `2024-01-01` and what follows. */
const MONTHS = Array.from({ length: 13 }, (_, month) => `${2024 + Math.floor(month / 12)}-${String((month % 12) + 1).padStart(2, '0')}-01`)

const PARTITIONS = MONTHS.slice(0, -1).map(
  (from, month) =>
    `CREATE TABLE audit_log_${from.slice(0, 7).replace('-', '_')} PARTITION OF audit_log FOR VALUES FROM ('${from}') TO ('${MONTHS[month + 1]}')`,
)

/** Foreign keys are added once the rows are there. */
export const SCHEMA = [
  `CREATE TABLE accounts (
    id bigint PRIMARY KEY, name text NOT NULL, slug text NOT NULL, plan text NOT NULL, country text NOT NULL, trial_ends_at timestamptz,
    settings jsonb NOT NULL, created_at timestamptz NOT NULL, deleted_at timestamptz)`,

  `CREATE TABLE users (
    id bigint PRIMARY KEY, account_id bigint NOT NULL, email text NOT NULL, name text NOT NULL, role text NOT NULL, confirmed_at timestamptz,
    last_seen_at timestamptz, created_at timestamptz NOT NULL, deleted_at timestamptz)`,

  `CREATE TABLE sessions (
    id bigint PRIMARY KEY, user_id bigint NOT NULL, token text NOT NULL, created_at timestamptz NOT NULL, expires_at timestamptz NOT NULL,
    revoked_at timestamptz)`,

  `CREATE TABLE products (
    id bigint PRIMARY KEY, category_id int NOT NULL, sku text NOT NULL, name text NOT NULL, price numeric(10, 2) NOT NULL, stock int NOT NULL,
    active boolean NOT NULL, tags text[] NOT NULL, attributes jsonb NOT NULL, created_at timestamptz NOT NULL)`,

  `CREATE TABLE orders (
    id bigint PRIMARY KEY, account_id bigint NOT NULL, user_id bigint NOT NULL, number text NOT NULL, status text NOT NULL,
    total numeric(10, 2) NOT NULL, coupon text, country text NOT NULL, created_at timestamptz NOT NULL, shipped_at timestamptz)`,

  `CREATE TABLE order_items (
    id bigint PRIMARY KEY, order_id bigint NOT NULL, product_id bigint NOT NULL, quantity int NOT NULL, unit_price numeric(10, 2) NOT NULL)`,

  `CREATE TABLE payments (
    id bigint PRIMARY KEY, order_id bigint NOT NULL, provider text NOT NULL, provider_ref text NOT NULL, status text NOT NULL,
    amount numeric(10, 2) NOT NULL, created_at timestamptz NOT NULL)`,

  `CREATE TABLE events (
    id bigint PRIMARY KEY, account_id bigint NOT NULL, user_id bigint NOT NULL, kind text NOT NULL, payload jsonb NOT NULL,
    created_at timestamptz NOT NULL)`,

  `CREATE TABLE messages (
    id bigint PRIMARY KEY, account_id bigint NOT NULL, sender_id bigint NOT NULL, recipient_id bigint NOT NULL, subject text NOT NULL,
    body text NOT NULL, read_at timestamptz, created_at timestamptz NOT NULL)`,

  `CREATE TABLE jobs (
    id bigint PRIMARY KEY, queue text NOT NULL, status text NOT NULL, priority int NOT NULL, run_at timestamptz NOT NULL,
    locked_at timestamptz, finished_at timestamptz, payload jsonb NOT NULL)`,

  `CREATE TABLE audit_log (
    id bigint NOT NULL, account_id bigint NOT NULL, actor_id bigint NOT NULL, action text NOT NULL, subject_type text NOT NULL,
    subject_id bigint NOT NULL, created_at timestamptz NOT NULL, PRIMARY KEY (id, created_at)) PARTITION BY RANGE (created_at)`,
  ...PARTITIONS,
]
