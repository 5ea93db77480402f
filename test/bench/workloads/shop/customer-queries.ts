/** Accounts, their users and who is logged in. */
export const CUSTOMER_QUERIES = [
  `SELECT * FROM users WHERE email = 'User4711@example11.com'`,
  `SELECT id, account_id, role FROM users WHERE lower(email) = 'user31234@example34.com' AND deleted_at IS NULL`,
  `SELECT id, email FROM users WHERE email LIKE 'User471%' ORDER BY email LIMIT 20`,
  `SELECT * FROM accounts WHERE slug = 'shop-4711'`,
  `SELECT id, name, email FROM users WHERE account_id = 42 AND deleted_at IS NULL ORDER BY name`,
  `SELECT count(*) FROM users WHERE account_id = 3 AND deleted_at IS NULL`,
  `SELECT id, email FROM users WHERE name ILIKE '%da stonebrak%' AND deleted_at IS NULL`,
  `SELECT id, email FROM users WHERE confirmed_at IS NULL AND created_at >= '2024-12-01'`,
  `UPDATE users SET last_seen_at = '2024-12-31 23:59' WHERE account_id = 88 AND lower(email) = 'user777@example27.com'`,
  `SELECT u.id, u.name, a.plan FROM sessions s JOIN users u ON u.id = s.user_id JOIN accounts a ON a.id = u.account_id
    WHERE s.token = '1f1b09a3f9dc347cc2923f2990b4a80f' AND s.revoked_at IS NULL AND s.expires_at > '2024-06-01'`,
  `UPDATE sessions SET revoked_at = '2024-12-31' WHERE user_id = 1234 AND revoked_at IS NULL`,
  `DELETE FROM sessions WHERE expires_at < '2023-02-20'`,
  `SELECT plan, count(*) FROM accounts WHERE deleted_at IS NULL GROUP BY plan`,
  `SELECT a.id, a.name FROM accounts a WHERE a.plan = 'enterprise' AND a.deleted_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.account_id = a.id AND o.created_at >= '2024-07-01')`,
]
