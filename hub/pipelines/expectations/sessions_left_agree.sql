-- Of every package as many sessions are left as its row says, less what was booked with it here, and never below none.
SELECT package.id AS package_id
FROM source_link AS link
JOIN source_record AS record
  ON record.id = link.source_record_id AND record.system = link.system AND record.kind = link.kind
JOIN package ON package.id = link.canonical_id
WHERE link.system = :'system'
  AND link.kind = 'package'
  AND (
    :package_credits - coalesce(:package_used_before, 0)
        <> package.credits - package.used_before
    OR package.credits - package.used_before
        < (SELECT count(*) FROM package_use WHERE package_use.package_id = package.id)
  )
