-- The row of every visit that is linked, as bare text, beside the visit that it became.
SELECT link.source_id, record.id AS source_record_id,
    coalesce(:visit_start_date_text, '') AS visit_start_date_text,
    coalesce(:visit_start_time_text, '') AS visit_start_time_text,
    coalesce(:visit_end_date_text, '') AS visit_end_date_text,
    coalesce(:visit_end_time_text, '') AS visit_end_time_text,
    coalesce(:visit_provider_id_text, '') AS visit_provider_id_text,
    coalesce(:visit_service_id_text, '') AS visit_service_id_text,
    coalesce(:visit_state_text, '') AS visit_state_text,
    coalesce(:visit_price_text, '') AS visit_price_text,
    visit.id, visit.start, visit."end", visit.provider_id, visit.service_id, visit.state,
    coalesce(location.zone, :'zone') AS zone,
    visit.id IS NOT NULL AND import.finished_at IS NULL AS is_changed
FROM source_link AS link
JOIN source_record AS record
  ON record.id = link.source_record_id AND record.system = link.system AND record.kind = link.kind
LEFT JOIN visit ON visit.id = link.canonical_id
LEFT JOIN location ON location.id = visit.location_id
LEFT JOIN (
    SELECT DISTINCT finished_at FROM import_batch WHERE system = :'system' AND state IN ('loaded', 'superseded')
) AS import ON import.finished_at = visit.updated_at
WHERE link.system = :'system' AND link.kind = 'visit'
