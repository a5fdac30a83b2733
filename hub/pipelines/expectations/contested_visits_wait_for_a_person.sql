-- A visit is contested exactly while an open issue about its overlap waits for a person.
SELECT visit.id AS visit_id
FROM source_link AS link
JOIN visit ON visit.id = link.canonical_id
WHERE link.system = :'system'
  AND link.kind = 'visit'
  AND visit.contested IS DISTINCT FROM EXISTS (
    SELECT FROM review_issue
    WHERE review_issue.kind = 'overlap'
      AND review_issue.subject_kind = 'visit'
      AND review_issue.subject_id = visit.id
      AND review_issue.state = 'open'
  )
