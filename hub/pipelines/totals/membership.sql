-- Memberships: what members have to their credit by state, what each pays by plan. Memberships that the hub itself changed
-- since are left out on both sides.
WITH import AS (
    SELECT DISTINCT finished_at FROM import_batch WHERE system = :'system' AND state IN ('loaded', 'superseded')
), said AS (
    SELECT (:membership_state)::text AS state, btrim(:membership_plan_text) AS plan,
        (:membership_credit)::bigint AS credit, (:membership_price)::bigint AS price
    FROM source_link AS link
    JOIN source_record AS record
      ON record.id = link.source_record_id AND record.system = link.system AND record.kind = link.kind
    LEFT JOIN membership ON membership.id = link.canonical_id
    LEFT JOIN import ON import.finished_at = membership.updated_at
    WHERE link.system = :'system'
      AND link.kind = 'membership'
      AND (membership.id IS NULL OR import.finished_at IS NOT NULL)
), found AS (
    SELECT state, plan, credit_minor AS credit, price_minor AS price
    FROM membership
    JOIN import ON import.finished_at = membership.updated_at
    JOIN source_link AS link
      ON link.system = :'system' AND link.kind = 'membership' AND link.canonical_id = membership.id
), sides AS (
    SELECT 'said' AS side, said.* FROM said
    UNION ALL
    SELECT 'found', found.* FROM found
)
SELECT side, dimension, total.value, count(*) AS number, coalesce(sum(total.minor), 0) AS minor
FROM sides
CROSS JOIN LATERAL (
    VALUES ('state, credit', state, credit), ('plan, price', plan, price)
) AS total (dimension, value, minor)
GROUP BY 1, 2, 3
