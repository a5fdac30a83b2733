"""The statements of `migrations_book`: what is decided over all rows of a file is decided here, in one pass each."""

from sqlalchemy import text

SUPERSEDE = text("""
    UPDATE import_batch SET state = 'superseded' WHERE system = :system AND stage = :stage AND state = 'loaded'
    AND kind IS NOT DISTINCT FROM CAST(:kind AS text) AND month = :month""")
OPEN = text("""
    INSERT INTO import_batch (system, folder, file_hashes, stage, kind, month, fingerprint, is_noted)
    VALUES (:system, :folder, '{}', :stage, :kind, :month, :fingerprint, true) RETURNING id""")
# From here on the database keeps what this transaction changes as it was.
NOTE = text("SELECT set_config('hub.batch', CAST(:batch AS text), true)")
CLOSE = text("""
    UPDATE import_batch SET state = 'loaded', finished_at = now(), counts = CAST(:counts AS jsonb),
        file_hashes = CAST(:hashes AS jsonb) WHERE id = :id""")

STAGE = text("""
    CREATE TEMPORARY TABLE staged_landed_row (position bigint, file text, line int, source_id text, version text,
        content_hash text, payload jsonb, modified_at timestamptz, month text) ON COMMIT DROP""")
# Which rows repeat another to the letter, and which of the rest counts: on narrow rows, so that they sort in memory.
# A month's rows get numbers in a row, and so stand together: whoever loads it reads its pages alone. What repeats a row
# stands right behind it there, and has its number. Months are few: as texts, which must be compared to the end, they
# take several times as long to sort as one number does.
RANK = text("""
    CREATE TEMPORARY TABLE ranked_row ON COMMIT DROP AS
    WITH spelled AS (
        SELECT position, file, line, source_id, content_hash, modified_at, month,
            first_value(position) OVER (PARTITION BY source_id, content_hash ORDER BY position) AS first
        FROM staged_landed_row),
    aged AS (
        SELECT position, file, line, source_id, content_hash, first,
            row_number() OVER newest AS age, first_value(month) OVER newest AS month
        FROM spelled
        WINDOW newest AS
            (PARTITION BY source_id ORDER BY position > first, modified_at DESC NULLS LAST, position DESC)),
    known AS (
        SELECT aged.*, found.id FROM aged LEFT JOIN source_record found ON found.system = :system
            AND found.kind = :kind AND found.source_id = aged.source_id AND found.content_hash = aged.content_hash
        ORDER BY (CAST('0' || replace(month, '-', '') AS bigint) << 32) + first, position)
    SELECT position, file, line, source_id, month, id IS NULL AND position = first AS is_new,
        CASE WHEN position > first THEN 'repeated' WHEN age > 1 THEN 'superseded' END AS why,
        CASE WHEN id IS NOT NULL THEN id WHEN position = first THEN nextval('source_record_id_seq')
            ELSE currval('source_record_id_seq') END AS number
    FROM known""")
LAND = text("""
    INSERT INTO source_record
        (id, system, kind, source_id, version, content_hash, payload, modified_at, file, line, batch_id)
    OVERRIDING SYSTEM VALUE
    SELECT r.number, :system, :kind, s.source_id, s.version, s.content_hash, s.payload, s.modified_at, s.file, s.line,
        CAST(:batch_id AS bigint)
    FROM staged_landed_row s JOIN ranked_row r USING (position) WHERE r.is_new ORDER BY r.number""")
LANDED = text("""
    INSERT INTO landed_row (batch_id, file, line, source_id, source_record_id, month, why)
    SELECT :batch_id, file, line, source_id, number, month, why FROM ranked_row""")
MONTHS = text("""
    SELECT l.month, count(*) || ' ' || sum(hashtextextended(concat_ws(' ', r.content_hash, l.file, l.line), 0)) AS mark
    FROM landed_row l JOIN source_record r ON r.id = l.source_record_id
    WHERE l.batch_id = :landing GROUP BY l.month ORDER BY l.month""")
# In the order of a source record's fields.
ROWS = text("""
    SELECT r.id, r.system, r.kind, l.source_id, r.version, r.payload, r.modified_at, l.file, l.line,
        k.canonical_id, coalesce(applied.modified_at > r.modified_at, false) AS is_stale
    FROM landed_row l JOIN source_record r ON r.id = l.source_record_id
    LEFT JOIN source_link k ON k.system = r.system AND k.kind = r.kind AND k.source_id = r.source_id
    LEFT JOIN source_record applied ON applied.id = k.source_record_id
    WHERE l.batch_id = :landing AND l.why IS NULL
    AND l.month = :month ORDER BY l.file, l.line""")
# Of which records the rows of a month are, as far as they name them by an id in this column.
NAMED = text("""
    SELECT l.month, count(*) || ' ' || sum(hashtextextended(k.source_id || chr(31) || k.canonical_id, 0)) AS mark
    FROM landed_row l JOIN source_record r ON r.id = l.source_record_id
    JOIN source_link k ON k.system = r.system AND k.kind = :kind AND k.source_id = btrim(r.payload ->> :column, :blanks)
    WHERE l.batch_id = :landing AND l.why IS NULL GROUP BY l.month""")
NAMES = """
    SELECT ARRAY[{columns}] AS names, count(*) AS number
    FROM landed_row l JOIN source_record r ON r.id = l.source_record_id
    WHERE l.batch_id = :landing AND l.why IS NULL GROUP BY 1"""
MERGED = text("""
    INSERT INTO disposition (batch_id, file, line, source_key, verdict, reason, source_record_id, canonical_id)
    SELECT :batch, l.file, l.line, l.source_id, 'merged', l.why, l.source_record_id, kept.canonical_id
    FROM landed_row l JOIN import_batch b ON b.id = l.batch_id
    LEFT JOIN landed_row counts ON counts.batch_id = l.batch_id AND counts.month = l.month
        AND counts.source_id = l.source_id AND counts.why IS NULL
    LEFT JOIN disposition kept ON kept.batch_id = :batch AND kept.file = counts.file AND kept.line = counts.line
    WHERE l.batch_id = :landing AND l.why IS NOT NULL
    AND l.month = :month ORDER BY l.file, l.line""")
VERDICTS = text("""
    SELECT verdict, reason, count(*) AS number FROM disposition WHERE batch_id = :batch
    GROUP BY 1, 2 ORDER BY 1, 2""")
# Rows that are in quarantine now, and whose record stands here because an earlier attempt took them.
# One by one (OFFSET): a plan from before the tables had statistics read all links for each row.
UNTAKEN = text("""
    SELECT d.source_record_id FROM disposition d JOIN import_batch b ON b.id = d.batch_id
    CROSS JOIN LATERAL (SELECT source_record_id FROM source_link
        WHERE system = b.system AND kind = b.kind AND source_id = d.source_key OFFSET 0) AS k
    WHERE d.batch_id = :batch AND d.verdict = 'quarantined' AND k.source_record_id = d.source_record_id""")
# Reads all dispositions: where there is something to look for, and that is seldom.
TAKEN_BY = text("""
    SELECT DISTINCT b.id FROM disposition d JOIN import_batch b ON b.id = d.batch_id
    WHERE d.source_record_id = ANY(:ids) AND d.canonical_id IS NOT NULL
    AND b.id <> :batch AND b.state IN ('loaded', 'superseded') ORDER BY b.id""")

# In the order of a stay's fields.
HISTORY = text("""
    SELECT v.id, v.start, v."end", v.state, v.patient_id, v.provider_id, v.room_id, v.device_id
    FROM source_link k JOIN visit v ON v.id = k.canonical_id
    WHERE k.system = :system AND k.kind = 'visit' AND v.state IN ('booked', 'arrived', 'fulfilled')""")
CONFLICTS = text("""
    SELECT count(DISTINCT id) FROM history_conflict, LATERAL (VALUES (first_id), (second_id)) AS both_of (id)
    WHERE system = :system""")
# Each merge leads the visits of the source ids that it led; they stand with whoever survived one of the merges. Those
# are few: one by one (OFFSET), since to take apart what all rows say would take longer than all else.
LED = text("""
    WITH led AS MATERIALIZED (
        SELECT m.id, link ->> 1 AS source_id
        FROM person_merge m, jsonb_array_elements(m.moved -> 'source_link') AS link
        WHERE m.undone_at IS NULL AND link ->> 0 = :system),
    come AS MATERIALIZED (
        SELECT led.id, jsonb_agg(DISTINCT k.canonical_id) AS visits
        FROM (SELECT DISTINCT survivor_id AS id FROM person_merge WHERE undone_at IS NULL) AS p
        CROSS JOIN LATERAL (SELECT id FROM visit WHERE patient_id = p.id OFFSET 0) AS v
        CROSS JOIN LATERAL (SELECT canonical_id, source_record_id FROM source_link
            WHERE system = :system AND kind = 'visit' AND canonical_id = v.id OFFSET 0) AS k
        CROSS JOIN LATERAL (SELECT btrim(payload ->> :column) AS source_id FROM source_record
            WHERE id = k.source_record_id OFFSET 0) AS r
        JOIN led USING (source_id) GROUP BY led.id)
    UPDATE person_merge m SET moved = m.moved || jsonb_build_object('visit', (
        SELECT jsonb_agg(DISTINCT visit)
        FROM jsonb_array_elements(coalesce(m.moved -> 'visit', '[]') || come.visits) AS every (visit)))
    FROM come WHERE come.id = m.id AND NOT coalesce(m.moved -> 'visit', '[]') @> come.visits""")
# Few are: they are found before their links are looked for, so that nothing but them is sorted.
UNPLACED = text("""
    WITH due AS MATERIALIZED (
        SELECT v.id, v.start FROM visit v
        WHERE v."end" > :since OR v.state IN ('booked', 'arrived')
            OR v.id IN (SELECT visit_id FROM claim WHERE visit_id IS NOT NULL))
    SELECT due.id FROM due JOIN source_link k ON k.canonical_id = due.id
    WHERE k.system = :system AND k.kind = 'visit' ORDER BY due.start, due.id""")

# A patient is told of with the visits to come; what waits, was sent or was given up is not sent once more.
UNTOLD = text("""
    SELECT DISTINCT k.canonical_id FROM source_link k
    WHERE k.system = :system AND k.kind = :kind AND k.canonical_id IS NOT NULL
    AND (CAST(:since AS timestamptz) IS NULL OR EXISTS (
        SELECT FROM visit v WHERE v.start >= :since AND v.state = 'booked'
        AND k.canonical_id = CASE k.kind WHEN 'visit' THEN v.id WHEN 'patient' THEN v.patient_id END))
    AND NOT EXISTS (SELECT FROM source_link o
        WHERE o.system = :to AND o.kind = :kind AND o.canonical_id = k.canonical_id)
    AND NOT EXISTS (SELECT FROM outbox_delivery d
        WHERE d.connection = :to AND d.kind = :kind AND d.canonical_id = k.canonical_id)
    ORDER BY k.canonical_id""")

ACCOUNT = text("""
    SELECT l.file, b.kind, coalesce(d.verdict, back.state) AS verdict,
        CASE WHEN d.verdict <> 'loaded' THEN d.reason END AS reason, count(*) AS number
    FROM import_batch b JOIN landed_row l ON l.batch_id = b.id
    LEFT JOIN current_disposition d ON d.system = b.system AND d.file = l.file AND d.line = l.line
    LEFT JOIN (SELECT DISTINCT system, kind, month, state FROM import_batch
        WHERE stage = 'load' AND state = 'reversed') back
        ON back.system = b.system AND back.kind = b.kind AND back.month = l.month
    WHERE b.system = :system AND b.stage = 'land' AND b.state = 'loaded'
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4""")
FATES = text("""
    SELECT d.file, d.line, d.kind, d.source_key AS key, d.verdict, d.reason, d.canonical_id, d.field,
        CASE WHEN d.kind = 'patient' THEN coalesce(k.canonical_id, d.canonical_id) ELSE v.patient_id END AS person,
        s.sku, CASE WHEN d.kind = 'service' THEN s.archived END AS is_archived,
        v.state AS status, v.start, v."end", p.zone, v.price_minor, y.amount_minor,
        CASE WHEN v.id IS NOT NULL THEN h.id IS NOT NULL END AS is_in_conflict
    FROM current_disposition d
    LEFT JOIN visit v ON d.kind = 'visit' AND d.verdict = 'loaded' AND v.id = d.canonical_id
    LEFT JOIN (SELECT DISTINCT both_of.id FROM history_conflict c,
        LATERAL (VALUES (c.first_id), (c.second_id)) AS both_of (id) WHERE c.system = :system) h ON h.id = v.id
    LEFT JOIN payment y ON d.kind = 'payment' AND d.verdict = 'loaded' AND y.id = d.canonical_id
    LEFT JOIN service s ON s.id = CASE WHEN d.kind = 'service' THEN d.canonical_id ELSE v.service_id END
    LEFT JOIN location p ON p.id = v.location_id
    LEFT JOIN source_link k ON d.kind = 'patient' AND k.system = :system AND k.kind = 'patient'
        AND k.source_id = d.source_key
    WHERE d.system = :system ORDER BY d.file, d.line""")
