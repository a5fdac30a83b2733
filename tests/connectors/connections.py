"""Connection files for tests: one that says much, to be changed."""

REST = """\
system: glow-crm
connector: rest
base_url: https://api.glow.example/v2
zone: America/Chicago
mappings: glow-crm
headers: {Glow-Version: "2026-01-01"}
auth:
  - {scheme: bearer, token: {env: GLOW_TOKEN}}
  - {scheme: header, name: X-Site, value: {file: secrets.yaml, key: glow.site}}
limits:
  rate: [{requests: 10, per_seconds: 1}, {requests: 500, per_seconds: 60}]
  points: {capacity: 10000, per_second: 50}
  concurrent: 2
  timeout_seconds: 30
streams:
  patient:
    hub_id: external_ref
    read:
      path: /clients
      records: data.items
      id: client_id
      modified: updated_at
      deleted: {path: archived, equals: true}
      paging: {by: cursor, param: cursor, next: meta.next, size: 100}
      since: {param: updated_since, format: iso, overlap: 2m}
      query: {include: phones}
    one: {path: "/clients/{id}"}
    write:
      create:
        path: /clients
        key_header: Idempotency-Key
      update: {method: PATCH, path: "/clients/{id}", body: "{changes}", if_match: etag}
  visit:
    direction: pull
    read: {path: /visits, id: [branch, number], paging: {by: link}}
"""
