"""Texts stand behind the second wall by rules for paths too, not by their source alone."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

# The word is signed as before; behind the sources may stand a dot and the hash of their rules.
UP = """
CREATE FUNCTION wall_said() RETURNS text
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
    payload := substr(payload, strpos(payload, '.') + 1);
    RETURN substr(payload, strpos(payload, '.') + 1);
END $$;

CREATE OR REPLACE FUNCTION wall_scope() RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT split_part(public.wall_said(), '.', 1)
$$;

-- The rules of those sources that may be read in part; null: all sources are read whole. They lie
-- beside the word, which has their hash, so that only who asks for texts pays for reading them.
CREATE FUNCTION wall_rules() RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    expected text := split_part(public.wall_said(), '.', 2);
    rules text := current_setting('plumbline.rules', true);
BEGIN
    IF expected = '' THEN RETURN NULL; END IF;
    IF encode(sha256(convert_to(coalesce(rules, ''), 'UTF8')), 'hex') IS DISTINCT FROM expected
    THEN RETURN '{"closed": true}'; END IF;
    RETURN rules::jsonb;
END $$;

-- As retrieval/visible.sql decides it. Dear, so that it is asked of few rows.
CREATE FUNCTION wall_opens(rules jsonb, source bigint, path text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1000 SET search_path = pg_catalog AS $$
    SELECT rules IS NULL OR NOT rules ? 'closed' AND (NOT (rules -> 'partial') ? source::text OR coalesce((
        SELECT rule.allow
          FROM (
              SELECT length(folder.path) AS specificity,
                     (rules -> 'plain' -> (source || ':' || folder.path))::bool AS allow
                FROM string_to_array(wall_opens.path, '/') AS part(names),
                     generate_series(0, cardinality(part.names)) AS depth,
                     array_to_string(part.names[:depth], '/') AS folder(path)
               WHERE rules -> 'plain' ? (source || ':' || folder.path)
              UNION ALL
              SELECT (glob.rule ->> 2)::int, (glob.rule ->> 3)::bool
                FROM jsonb_array_elements(rules -> 'globs' -> source::text) AS glob(rule)
               WHERE CASE WHEN starts_with(wall_opens.path, glob.rule ->> 0)
                          THEN wall_opens.path ~ ('^(' || (glob.rule ->> 1) || ')$')
                          ELSE false END
          ) AS rule
         ORDER BY rule.specificity DESC, rule.allow
         LIMIT 1), false))
$$;

DROP POLICY wall ON indexer_blob;
CREATE POLICY wall ON indexer_blob USING (
    (SELECT wall_is_open())
    OR EXISTS (SELECT FROM indexer_document AS document
                WHERE document.blob_id = indexer_blob.id
                  AND wall_opens((SELECT wall_rules()), document.source_id, document.path))
    OR EXISTS (SELECT FROM conversations_evidence AS evidence
                WHERE evidence.blob_id = indexer_blob.id
                  AND evidence.source_id IN (SELECT wall_sources())
                  AND wall_opens((SELECT wall_rules()), evidence.source_id, evidence.path)));
"""
DOWN = """
DROP POLICY wall ON indexer_blob;
CREATE POLICY wall ON indexer_blob USING (
    (SELECT wall_is_open())
    OR EXISTS (SELECT FROM indexer_document AS document WHERE document.blob_id = indexer_blob.id)
    OR EXISTS (SELECT FROM conversations_evidence AS evidence
                WHERE evidence.blob_id = indexer_blob.id
                  AND evidence.source_id IN (SELECT wall_sources())));
DROP FUNCTION wall_opens(jsonb, bigint, text);
DROP FUNCTION wall_rules();
CREATE OR REPLACE FUNCTION wall_scope() RETURNS text
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
DROP FUNCTION wall_said();
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("web", "0004_requests_of_programs")]
    operations: ClassVar = [migrations.RunSQL(UP, DOWN)]
