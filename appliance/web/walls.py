"""Puts up the second wall: the key in the database, the runtime role's rights, and what is amiss."""

from __future__ import annotations

from typing import Any, Literal

from django.conf import settings
from django.db import DatabaseError, connection
from psycopg import sql

from indexer import wall

BEHIND = ("indexer_blob", "indexer_commit", "indexer_document")
STORE_KEY = """
INSERT INTO wall_key (is_one, inner_pad, outer_pad) VALUES (true, %s, %s)
    ON CONFLICT (is_one) DO UPDATE
   SET inner_pad = EXCLUDED.inner_pad, outer_pad = EXCLUDED.outer_pad
"""
RIGHTS = (
    "GRANT USAGE ON SCHEMA public TO {}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}",
    "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {}",
    "REVOKE ALL ON wall_key FROM {}",
    # Beside the triggers that refuse it: what is recorded stays.
    "REVOKE UPDATE, DELETE, TRUNCATE ON audit_event, audit_exposure, audit_head FROM {}",
)
IS_BARE = """
SELECT relname FROM pg_class
 WHERE relname = ANY(%s) AND NOT (relrowsecurity AND relforcerowsecurity)
"""
ROLE = """
SELECT rolsuper, rolbypassrls,
       EXISTS (SELECT FROM pg_class WHERE relowner = pg_roles.oid AND relkind IN ('r', 'p')),
       EXISTS (SELECT FROM pg_roles AS owner, pg_class
                WHERE pg_class.oid = 'wall_key'::regclass AND owner.oid = pg_class.relowner
                  AND owner.oid <> pg_roles.oid AND pg_has_role(pg_roles.oid, owner.oid, 'MEMBER')),
       has_table_privilege(pg_roles.oid, 'wall_key', 'SELECT')
  FROM pg_roles WHERE rolname = %s
"""
FAULTS = (
    "is a superuser",
    "bypasses row-level security",
    "owns tables",
    "is a member of the role that owns the tables",
    "may read the key",
)


def put_up(**_: Any) -> None:
    """Store the key and give the runtime role its rights.

    Runs as the owner, after each migration and each restore: both bring tables without rights.
    """
    role = str(settings.DATABASE_RUNTIME_ROLE)
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('wall_key')")
        if cursor.fetchone() == (None,):
            return  # migrated back to before there was one
        cursor.execute(STORE_KEY, wall.pads(settings.SECRET_KEY))
        for right in RIGHTS if role else ():
            cursor.execute(sql.SQL(right).format(sql.Identifier(role)))


def state() -> tuple[Literal["ok", "failed", "off"], str, str]:
    """Return for the status page how the wall stands, in words, and what to do."""
    role = str(settings.DATABASE_RUNTIME_ROLE)
    if not role:
        return "off", "one role does everything", "Set PLUMBLINE_DATABASE_OWNER_URL."
    try:
        found = faults()
    except DatabaseError:
        return "failed", "unknown without the database", "See the database above."
    if found:
        return "failed", " ".join(found), "Run manage.py migrate as the owner."
    return "ok", f"people are answered as {role}", ""


def faults() -> list[str]:
    """Return why the wall does not hold, as sentences; nothing when it does."""
    role = str(settings.DATABASE_RUNTIME_ROLE)
    if not role:
        return ["The programs connect as the role that owns the tables."]
    with connection.cursor() as cursor:
        cursor.execute(IS_BARE, [list(BEHIND)])
        bare = [f"{name} is not behind row-level security." for (name,) in cursor.fetchall()]
        cursor.execute(ROLE, [role])
        row = cursor.fetchone()
    if row is None:
        return [*bare, f"There is no role {role}."]
    return bare + [f"The role {role} {what}." for what, so in zip(FAULTS, row, strict=True) if so]
