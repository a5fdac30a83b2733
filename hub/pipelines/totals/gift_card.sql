-- Gift cards: what was loaded on them by the month of their sale, what is left on them by whether they still hold. Cards
-- that the hub itself changed since are left out on both sides.
WITH import AS (
    SELECT DISTINCT finished_at FROM import_batch WHERE system = :'system' AND state IN ('loaded', 'superseded')
), said AS (
    SELECT to_char((:gift_card_sold_on)::date, 'YYYY-MM') AS month,
        CASE WHEN coalesce((:gift_card_active)::boolean, true) THEN 'active' ELSE 'ended' END AS state,
        :gift_card_value AS loaded, :gift_card_left AS remaining
    FROM source_link AS link
    JOIN source_record AS record
      ON record.id = link.source_record_id AND record.system = link.system AND record.kind = link.kind
    LEFT JOIN gift_card ON gift_card.id = link.canonical_id
    LEFT JOIN import ON import.finished_at = gift_card.updated_at
    WHERE link.system = :'system'
      AND link.kind = 'gift_card'
      AND (gift_card.id IS NULL OR import.finished_at IS NOT NULL)
), found AS (
    SELECT to_char(sold_on, 'YYYY-MM') AS month, CASE WHEN active THEN 'active' ELSE 'ended' END AS state,
        value_minor AS loaded, left_minor AS remaining
    FROM gift_card
    JOIN import ON import.finished_at = gift_card.updated_at
    JOIN source_link AS link
      ON link.system = :'system' AND link.kind = 'gift_card' AND link.canonical_id = gift_card.id
), sides AS (
    SELECT 'said' AS side, said.* FROM said
    UNION ALL
    SELECT 'found', found.* FROM found
)
SELECT side, dimension, total.value, count(*) AS number, coalesce(sum(total.minor), 0) AS minor
FROM sides
CROSS JOIN LATERAL (
    VALUES ('month of sale, amount loaded', month, loaded), ('state, amount left', state, remaining)
) AS total (dimension, value, minor)
GROUP BY 1, 2, 3
