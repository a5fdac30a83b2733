-- Whoever looks into the quarantine reads one of the known reason codes.
SELECT verdict.file, verdict.line, verdict.reason
FROM current_disposition AS verdict
WHERE verdict.system = :'system'
  AND verdict.verdict = 'quarantined'
  AND verdict.reason NOT IN (
    'bad_times', 'bad_date', 'implausible_date', 'bad_money', 'bad_balance', 'orphan_patient', 'orphan_visit',
    'unknown_service', 'unknown_code', 'bad_count', 'unknown_product', 'wrong_encoding', 'nul_byte', 'bad_csv', 'bad_json',
    'formula_cell', 'missing_id', 'lot_twice'
  )
