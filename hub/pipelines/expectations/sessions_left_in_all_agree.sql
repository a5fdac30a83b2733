-- All sessions that the rows of packages leave, but for those in quarantine, are there to be booked, service by service.
WITH batch AS (
    SELECT id FROM import_batch WHERE system = :'system' AND state = 'loaded' ORDER BY id DESC LIMIT 1
), named AS (
    SELECT DISTINCT btrim(payload ->> 'Name') AS name, service.sku
    FROM source_link AS link
    JOIN source_record AS record
      ON record.id = link.source_record_id AND record.system = link.system AND record.kind = link.kind
    JOIN service ON service.id = link.canonical_id
    WHERE link.system = :'system' AND link.kind = 'service'
), said AS (
    SELECT named.sku,
        sum((payload ->> 'Sessions')::int - coalesce(nullif(btrim(payload ->> 'Used'), '')::int, 0)) AS left
    FROM disposition AS verdict
    JOIN batch ON batch.id = verdict.batch_id
    JOIN source_record AS record ON record.id = verdict.source_record_id AND record.kind = 'package'
    JOIN named ON named.name = btrim(payload ->> 'Service')
    WHERE verdict.verdict = 'loaded'
    GROUP BY 1
), found AS (
    SELECT service.sku, sum(package.credits - package.used_before) AS left
    FROM disposition AS verdict
    JOIN batch ON batch.id = verdict.batch_id
    JOIN source_record AS record ON record.id = verdict.source_record_id AND record.kind = 'package'
    JOIN package ON package.id = verdict.canonical_id
    JOIN service ON service.id = package.service_id
    WHERE verdict.verdict = 'loaded' AND btrim(payload ->> 'Service') IN (SELECT name FROM named)
    GROUP BY 1
)
SELECT sku
FROM said
FULL JOIN found USING (sku)
WHERE said.left IS DISTINCT FROM found.left
