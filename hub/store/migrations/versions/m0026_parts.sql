CREATE INDEX ix_source_link_whole ON source_link (system, kind, substring(source_id FROM '^(.*)#'))
    WHERE source_id LIKE '%#%';
