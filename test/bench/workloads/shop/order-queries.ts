/** Orders, what is in them and how they were paid. */
export const ORDER_QUERIES = [
  `SELECT id, number, status, total, created_at FROM orders WHERE account_id = 42 ORDER BY created_at DESC LIMIT 20`,
  `SELECT id, number, status, total, created_at FROM orders WHERE account_id = 42 AND (created_at, id) < ('2024-06-01', 190000)
    ORDER BY created_at DESC, id DESC LIMIT 20`,
  `SELECT id, number, total FROM orders WHERE account_id = 1 AND status = 'pending' ORDER BY created_at`,
  `SELECT status, count(*) FROM orders WHERE account_id = 7 GROUP BY status`,
  `SELECT sum(total) FROM orders WHERE account_id = 2 AND status = 'done' AND created_at >= '2024-11-01' AND created_at < '2024-12-01'`,
  `SELECT o.id, o.total, u.email FROM orders o JOIN users u ON u.id = o.user_id
    WHERE o.account_id = 5 AND o.created_at >= '2024-10-01' ORDER BY o.created_at DESC LIMIT 50`,
  `SELECT id FROM orders WHERE status = 'pending' ORDER BY created_at LIMIT 10`,
  `SELECT id, account_id FROM orders WHERE status = 'paid' AND shipped_at IS NULL AND created_at < '2024-12-28' ORDER BY created_at`,
  `SELECT status, count(*) FROM orders WHERE status IN ('pending', 'paid', 'draft') GROUP BY status`,
  `UPDATE orders SET status = 'cancelled' WHERE status = 'draft' AND created_at < '2023-02-01'`,
  `SELECT * FROM orders WHERE number = 'SO-0123456'`,
  `SELECT id, number, total FROM orders WHERE user_id = 4711 ORDER BY created_at DESC LIMIT 5`,
  `SELECT date_trunc('day', created_at) AS day, count(*), sum(total) FROM orders
    WHERE created_at >= '2024-12-01' AND created_at < '2024-12-08' GROUP BY 1 ORDER BY 1`,
  `SELECT count(*), sum(total) FROM orders WHERE coupon = 'SUMMER24' AND created_at >= '2024-06-01' AND created_at < '2024-09-01'`,
  `SELECT id, total FROM orders WHERE total > 4800 ORDER BY total DESC LIMIT 20`,
  `SELECT a.id, a.name, latest.number, latest.created_at FROM accounts a
    CROSS JOIN LATERAL (SELECT o.number, o.created_at FROM orders o WHERE o.account_id = a.id ORDER BY o.created_at DESC LIMIT 3) AS latest
    WHERE a.plan = 'enterprise' AND a.country = 'DE'`,
  `SELECT o.id, o.number FROM orders o WHERE o.account_id = 5
    AND EXISTS (SELECT 1 FROM payments p WHERE p.order_id = o.id AND p.status = 'failed')`,
  `SELECT i.id, i.quantity, i.unit_price, p.name FROM order_items i JOIN products p ON p.id = i.product_id WHERE i.order_id = 123456`,
  `SELECT id, status, amount FROM payments WHERE order_id = 123456`,
  `SELECT * FROM payments WHERE provider = 'stripe' AND provider_ref = 'ch_79e4e7d4a2f91d14a59a769c26bfbfe3'`,
]
