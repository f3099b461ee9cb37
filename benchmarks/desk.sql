-- The rows of benchmarks/desk.py, written by PostgreSQL itself; how many is given there.

INSERT INTO subscribers (number_hash, number_sealed, language, district, warnings_on, news_on, reminders_on,
    created_at, updated_at)
SELECT md5('s' || n), :number, CASE WHEN n % 4 = 0 THEN 'en' ELSE 'id' END,
    '53.' || lpad((n % 21 + 1)::text, 2, '0'), n % 10 > 1, n % 10 > 4, true, now(), now()
FROM generate_series(1, CAST(:subscribers AS int)) n;

INSERT INTO subscriber_topics (subscriber_id, topic)
SELECT id, 'jobs' FROM subscribers WHERE id % 3 = 0;

INSERT INTO broadcasts (id, kind, text_id, text_en, audience, resend_unknown, status, version, author_id, reason,
    halted_reason, resume_to, recipients, fan_out_done, fan_out_cursor, audience_size, audience_last_id,
    canary_size, judged_texts, judged_failures, judged_stops, created_at, started_at, finished_at, updated_at)
SELECT 1000 + n, 'info', 'CONTOH', '', '{}', false, CASE WHEN n > 2 THEN 'done' ELSE 'paused' END, 1,
    (SELECT min(id) FROM staff), '', '', 'running', :of_each, true, 0, :of_each, 0, 0, 0, 0, 0,
    now() - n * interval '1 day', now() - n * interval '1 day', now() - n * interval '1 day', now()
FROM generate_series(1, CAST(:broadcasts AS int)) n;

INSERT INTO messages (idempotency_key, lane, kind, priority, number_hash, number_sealed, body_sealed, segments,
    link_id, status, attempts, created_at, not_before, expires_at, gateway, gateway_id, sent_at, finished_at,
    forget, broadcast_id, wave)
SELECT 'bench-' || n, CASE WHEN n % 5 = 0 THEN 'fast' ELSE 'bulk' END,
    CASE WHEN n % 5 = 0 THEN 'reply' ELSE 'info' END, 5, md5('s' || n), :number, :body, 1, '',
    CASE WHEN n <= 2 * CAST(:of_each AS int) AND n % 3 = 0 THEN 'queued' WHEN n % 50 = 0 THEN 'failed'
        WHEN n % 20 = 0 THEN 'sent' ELSE 'delivered' END,
    1, now() - (n % 90) * interval '1 day', now(), now() + interval '1 day', 'console', 'g' || n,
    now() - (n % 90) * interval '1 day', now() - (n % 90) * interval '1 day', false,
    CASE WHEN n < CAST(:broadcasts AS int) * CAST(:of_each AS int) THEN 1001 + n / CAST(:of_each AS int) END, 1
FROM generate_series(1, CAST(:texts AS int)) n;

INSERT INTO report_clusters (id, status, independent, version, confirmed_reason, created_at, updated_at)
SELECT 1000 + n, CASE WHEN n % 4 = 0 THEN 'dismissed' ELSE 'open' END, 1 + n % 4, 1, '', now(),
    now() - n * interval '1 minute'
FROM generate_series(1, CAST(:clusters AS int)) n;

INSERT INTO reports (code, pin_hash, filing, version, status, outcome, priority, is_urgent, due_at, flags, modi,
    recruiter_name_sealed, recruiter_phone_sealed, recruiter_phone_hash, story_sealed, district, destination,
    texts_allowed, language, channel, received_at, updated_at, linked_at, cluster_id, assignee_id)
SELECT (9000000000 + n)::text, '-', 'bench-' || n, 1,
    (ARRAY['new', 'triaged', 'verifying', 'referred', 'closed', 'closed', 'closed', 'closed'])[1 + n % 8],
    CASE WHEN n % 8 > 3 THEN :outcome END, 1 + n % 4, n % 200 = 0, now() - (n % 300 - 20) * interval '1 hour',
    '[]', '["advance"]', :body, :number, md5('p' || n % 5000), :body,
    '53.' || lpad((n % 21 + 1)::text, 2, '0'), 'my', false, 'id', 'ussd', now() - n * interval '10 minutes',
    now(), now(), CASE WHEN n % 5 = 0 THEN 1001 + n / 5 % CAST(:clusters AS int) END,
    CASE WHEN n % 3 > 0 THEN (SELECT min(id) FROM staff) END
FROM generate_series(1, CAST(:reports AS int)) n;

INSERT INTO report_links (earlier_id, later_id, score, reasons, status, version, created_at)
SELECT one.id, other.id, 0.5 + (one.id % 50) / 100.0, '[{"kind": "phone"}]',
    CASE WHEN one.id % 15 = 0 THEN 'suggested' ELSE 'confirmed' END, 1, now()
FROM reports one JOIN reports other ON other.id = one.id + 5
WHERE one.filing LIKE 'bench-%' AND one.id % 5 = 0;

INSERT INTO audit_entries (at, staff_id, act, subject_type, subject_id, details)
SELECT now() - n * interval '1 minute', (SELECT min(id) FROM staff),
    (ARRAY['report.list', 'report.read', 'event.change', 'broadcast.create'])[1 + n % 4], 'report', n::text, '{}'
FROM generate_series(1, CAST(:acts AS int)) n;

INSERT INTO recruiter_misses (day, normalised, count, last_at)
SELECT (now() - (n % 90) * interval '1 day')::date, 'pt contoh ' || n, 1 + n % 20, now()
FROM generate_series(1, 20000) n;

INSERT INTO events (code, title_id, title_en, starts_at, venue, district, organiser, audience, status, version,
    cancel_reason, created_at, updated_at)
SELECT 900000 + n, 'CONTOH', 'EXAMPLE', now() + (n - 1500) * interval '6 hours', 'Aula Contoh', '53.04', '', '',
    'planned', 1, '', now(), now()
FROM generate_series(1, 2000) n;
