-- Of each SKU that came with the import one service is not archived: one of the import's, or where an alias leads to it
-- one that the hub had already.
SELECT service.sku
FROM service
LEFT JOIN (
    SELECT DISTINCT canonical_id FROM source_link WHERE system = :'system' AND kind = 'service'
) AS imported ON imported.canonical_id = service.id
GROUP BY service.sku
HAVING count(imported.canonical_id) > 0
   AND (count(*) FILTER (WHERE NOT service.archived) = 0
        OR count(imported.canonical_id) FILTER (WHERE NOT service.archived) > 1)
