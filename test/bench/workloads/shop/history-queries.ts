/** What happened: events, messages, jobs and the audit log. */
export const HISTORY_QUERIES = [
  `SELECT id, kind, payload FROM events WHERE account_id = 42 ORDER BY created_at DESC LIMIT 20`,
  `SELECT count(*) FROM events WHERE account_id = 1 AND kind = 'login' AND created_at >= '2024-12-01'`,
  `SELECT created_at FROM events WHERE user_id = 4711 AND kind = 'login' ORDER BY created_at DESC LIMIT 1`,
  `SELECT id, kind FROM events WHERE payload @> '{"order": 123456}'`,
  `SELECT id, kind FROM events WHERE payload->>'request' = 'req-0123456'`,
  `SELECT kind, count(*) FROM events WHERE created_at >= '2024-12-31' GROUP BY kind`,
  `SELECT id, subject, created_at FROM messages WHERE recipient_id = 4711 ORDER BY created_at DESC LIMIT 20`,
  `SELECT count(*) FROM messages WHERE recipient_id = 17 AND read_at IS NULL`,
  `UPDATE messages SET read_at = '2024-12-31' WHERE recipient_id = 17 AND read_at IS NULL`,
  `SELECT id, body FROM messages WHERE (sender_id = 12 AND recipient_id = 34) OR (sender_id = 34 AND recipient_id = 12) ORDER BY created_at`,
  `SELECT id FROM jobs WHERE queue = 'export' AND status = 'queued' AND run_at <= '2025-01-01' ORDER BY priority DESC, run_at LIMIT 10
    FOR UPDATE SKIP LOCKED`,
  `DELETE FROM jobs WHERE status = 'done' AND finished_at < '2024-07-08'`,
  `SELECT id, actor_id, action, created_at FROM audit_log WHERE account_id = 42 ORDER BY created_at DESC LIMIT 50`,
  `SELECT id, actor_id, action FROM audit_log WHERE subject_type = 'order' AND subject_id = 12345 ORDER BY created_at`,
  `SELECT action, count(*) FROM audit_log WHERE account_id = 1 AND created_at >= '2024-11-01' AND created_at < '2024-12-01' GROUP BY action`,
]
