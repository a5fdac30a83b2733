"""Records that are written nowhere: each time read off the visits and the ledger of stock."""

from collections.abc import Mapping

from sqlalchemy import TextClause, text

from hub.canonical.ids import Kind

READ_OFF: Mapping[Kind, TextClause] = {
    Kind.PROCEDURE: text("""
        SELECT id, id AS visit_id, patient_id, service_id, provider_id, location_id, start, "end" FROM visit
        WHERE id = ANY(:ids) AND state = 'fulfilled'"""),
    Kind.DOSE: text("""
        SELECT 'dos_' || m.lot_id || '_' || v.id AS id, v.patient_id, v.id AS visit_id, v.provider_id, l.product_id,
            l.name AS lot, l.expires_on, -sum(m.change) AS quantity, CAST(NULL AS text) AS unit, min(m.at) AS given_at
        FROM lot_movement m JOIN lot l ON l.id = m.lot_id JOIN visit v ON v.id = m.visit_id
        WHERE m.kind = 'used' AND 'dos_' || m.lot_id || '_' || v.id = ANY(:ids)
        AND m.visit_id = ANY(SELECT substring(one FROM '^dos_[0-9]+_(.*)$') FROM unnest(CAST(:ids AS text[])) AS one)
        GROUP BY v.id, m.lot_id, l.id"""),
}
DOSES_OF = text("""
    SELECT DISTINCT 'dos_' || lot_id || '_' || visit_id FROM lot_movement
    WHERE visit_id = ANY(:ids) AND kind = 'used' ORDER BY 1""")
