-- Of the services that came with the import, one of each SKU is not archived.
SELECT service.sku
FROM (
    SELECT DISTINCT canonical_id FROM source_link WHERE system = :'system' AND kind = 'service'
) AS imported
JOIN service ON service.id = imported.canonical_id
GROUP BY service.sku
HAVING count(*) FILTER (WHERE NOT service.archived) <> 1
