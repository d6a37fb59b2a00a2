"""Search every column of every table, whatever app it belongs to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from django.db import connection
from psycopg import sql

from appliance.sources.traces.places import Needle, Trace

# docs/deletion.md says the same to people.
KEPT = {
    ("conversations_message", "text"): "the words of a question or an answer",
    ("conversations_message", "query"): "the words of a question",
    ("conversations_message", "note"): "the words of an answer, in short",
    ("conversations_thread", "title"): "the words of a question",
    ("conversations_message", "receipt"): "what an answer's search covered",
    ("conversations_feedback", "comment"): "the words of feedback on an answer",
    ("conversations_decision", "answer"): "the words of a curator about an answer",
    ("conversations_decision", "note"): "the words of a curator about an answer",
    ("conversations_curatedlines", "question"): "the words of a curator about lines of a source",
    ("conversations_curatedlines", "answer"): "the words of a curator about lines of a source",
    ("conversations_curatedlines", "note"): "the words of a curator about lines of a source",
    ("conversations_messageevidence", "note"): "the words of a curator about lines of a source",
    ("sources_savedsearch", "name"): "the words of somebody who saved a search",
    ("sources_savedsearch", "query"): "the words of somebody who saved a search",
    ("sources_sourceset", "name"): "the words of somebody who made a set of sources",
    ("sources_savedsearch", "narrowing"): "what somebody narrowed a saved search to",
    ("audit_event", "object_name"): "the audit: names of what was used",
    (
        "audit_event",
        "details",
    ): "the audit: names of what was shown, and words of questions if kept",
    ("audit_exposure", "source"): "the audit: names of what was shown",
    ("audit_exposure", "path"): "the audit: names of what was shown",
    ("audit_exposure", "ground"): "the audit: the grants that allowed it",
}

# Numbers, dates, vectors and identifiers cannot hold a text.
COLUMNS = """
SELECT space.nspname, tab.relname, att.attname, typ.typname = 'bytea'
  FROM pg_attribute AS att
  JOIN pg_class AS tab ON tab.oid = att.attrelid
  JOIN pg_namespace AS space ON space.oid = tab.relnamespace
  JOIN pg_type AS typ ON typ.oid = att.atttypid
  LEFT JOIN pg_type AS element ON element.oid = typ.typelem AND typ.typcategory = 'A'
 WHERE tab.relkind IN ('r', 'm')
   AND att.attnum > 0
   AND NOT att.attisdropped
   AND space.nspname !~ '^pg_' AND space.nspname <> 'information_schema'
   AND coalesce(element.typcategory, typ.typcategory) NOT IN ('B', 'D', 'N', 'T')
   AND coalesce(element.typname, typ.typname) NOT IN ('uuid', 'vector', 'halfvec', 'sparsevec')
 ORDER BY 1, 2, att.attnum
"""


def in_tables(needle: Needle) -> Iterator[Trace]:
    """Yield each column that holds the bytes; reads every row of every table once."""
    tables: dict[tuple[str, str], list[tuple[str, bool]]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(COLUMNS)
        for space, table, column, is_bytes in cursor.fetchall():
            tables[space, table].append((column, is_bytes))
        for (space, table), columns in tables.items():
            statement, values = _statement(space, table, columns, needle)
            cursor.execute(statement, values)
            (row,) = cursor.fetchall()
            for (column, _), is_found in zip(columns, row, strict=True):
                if is_found:
                    place = f"table {table}, column {column}"
                    yield Trace(place, KEPT.get((table, column), ""))


def _statement(
    space: str, table: str, columns: list[tuple[str, bool]], needle: Needle
) -> tuple[sql.Composed, list[bytes | str]]:
    """Return one statement that reads a table once, with a boolean for each of its columns."""
    found: list[sql.Composable] = []
    values: list[bytes | str] = []
    for column, is_bytes in columns:
        wanted: tuple[bytes | str, ...] = needle.forms if is_bytes else needle.texts
        values += wanted
        as_type = sql.SQL("") if is_bytes else sql.SQL("::text")
        test = sql.SQL("position(%s{0} IN {1}{0}) > 0").format(as_type, _name(column))
        tests = sql.SQL(" OR ").join([test] * len(wanted)) if wanted else sql.SQL("false")
        found.append(sql.SQL("coalesce(bool_or({}), false)").format(tests))
    statement = sql.SQL("SELECT {} FROM {}").format(sql.SQL(", ").join(found), _name(space, table))
    return statement, values


def _name(*parts: str) -> sql.Identifier:
    """Quote a name; a percent sign in it must not look like a parameter."""
    return sql.Identifier(*(part.replace("%", "%%") for part in parts))
