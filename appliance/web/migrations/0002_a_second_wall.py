"""Row-level security on what sources hold; indexer/wall.py says how a reader is told."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

UP = """
CREATE TABLE wall_key (
    is_one boolean PRIMARY KEY DEFAULT true CHECK (is_one),
    inner_pad bytea NOT NULL,
    outer_pad bytea NOT NULL
);
REVOKE ALL ON wall_key FROM PUBLIC;

-- What the connection holds, when it is signed, for this backend, and not too old; else nothing.
CREATE FUNCTION wall_scope() RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    word text := current_setting('plumbline.scope', true);
    payload text := substr(word, 66);
    wall public.wall_key;
BEGIN
    IF coalesce(word, '') = '' THEN RETURN NULL; END IF;
    SELECT * INTO wall FROM public.wall_key;
    IF NOT FOUND OR left(word, 65) IS DISTINCT FROM encode(sha256(
           wall.outer_pad || sha256(wall.inner_pad || convert_to(payload, 'UTF8'))), 'hex') || '.'
    THEN RETURN NULL; END IF;
    IF split_part(payload, '.', 1)::int <> pg_backend_pid()
       OR split_part(payload, '.', 2)::bigint < extract(epoch FROM clock_timestamp())
    THEN RETURN NULL; END IF;
    RETURN split_part(payload, '.', 3);
END $$;

CREATE FUNCTION wall_sources() RETURNS SETOF bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT unnest(string_to_array(said, ',')::bigint[])
      FROM (SELECT public.wall_scope() AS said) AS held
     WHERE said <> 'all' AND said <> ''
$$;

-- For the owner, whose are the syncs and the migrations, and for the appliance's own reading.
CREATE FUNCTION wall_is_open() RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT current_user = (SELECT pg_get_userbyid(relowner) FROM pg_class
                            WHERE oid = 'public.wall_key'::regclass)
        OR coalesce(public.wall_scope() = 'all', false)
$$;

ALTER TABLE indexer_document ENABLE ROW LEVEL SECURITY;
ALTER TABLE indexer_document FORCE ROW LEVEL SECURITY;
CREATE POLICY wall ON indexer_document USING (
    (SELECT wall_is_open()) OR source_id IN (SELECT wall_sources()));

ALTER TABLE indexer_commit ENABLE ROW LEVEL SECURITY;
ALTER TABLE indexer_commit FORCE ROW LEVEL SECURITY;
CREATE POLICY wall ON indexer_commit USING (
    (SELECT wall_is_open()) OR source_id IN (SELECT wall_sources()));

-- A blob belongs to no source: it is seen through a document, or as evidence that was kept.
ALTER TABLE indexer_blob ENABLE ROW LEVEL SECURITY;
ALTER TABLE indexer_blob FORCE ROW LEVEL SECURITY;
CREATE POLICY wall ON indexer_blob USING (
    (SELECT wall_is_open())
    OR EXISTS (SELECT FROM indexer_document AS document WHERE document.blob_id = indexer_blob.id)
    OR EXISTS (SELECT FROM conversations_evidence AS evidence
                WHERE evidence.blob_id = indexer_blob.id
                  AND evidence.source_id IN (SELECT wall_sources())));
"""
DOWN = """
DROP POLICY wall ON indexer_blob;
DROP POLICY wall ON indexer_commit;
DROP POLICY wall ON indexer_document;
ALTER TABLE indexer_blob NO FORCE ROW LEVEL SECURITY;
ALTER TABLE indexer_blob DISABLE ROW LEVEL SECURITY;
ALTER TABLE indexer_commit NO FORCE ROW LEVEL SECURITY;
ALTER TABLE indexer_commit DISABLE ROW LEVEL SECURITY;
ALTER TABLE indexer_document NO FORCE ROW LEVEL SECURITY;
ALTER TABLE indexer_document DISABLE ROW LEVEL SECURITY;
DROP FUNCTION wall_is_open();
DROP FUNCTION wall_sources();
DROP FUNCTION wall_scope();
DROP TABLE wall_key;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("web", "0001_initial"),
        ("indexer", "0007_evaluation"),
        ("conversations", "0009_fair_turns"),
    ]
    operations: ClassVar = [migrations.RunSQL(UP, DOWN)]
