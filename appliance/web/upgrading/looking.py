"""What has to be right before the tables are brought to this version."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from appliance.web.check import Check

GIGABYTE = 1_000_000_000
ROOM_BYTES = 1 * GIGABYTE  # beside the backup
SHOWN = 5
LONG_S = 60
RUNNING_JOBS = "SELECT count(*) FROM indexer_job WHERE state = 'running' AND lease_until > now()"
LONG_TRANSACTIONS = """
SELECT count(*) FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid()
   AND xact_start < now() - make_interval(secs => %s)
"""


def look_before(place: Path) -> list[Check]:
    """Return a check for each thing; one that failed means that nothing may begin."""
    looks: tuple[Callable[[], Check], ...] = (
        check_version,
        check_pending,
        lambda: check_room(place),
        check_jobs,
        check_transactions,
    )
    return [look() for look in looks]


def pending_migrations() -> list[str]:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def check_version() -> Check:
    """Refuse a database that a newer version of the product has been at."""
    known = set(MigrationExecutor(connection).loader.disk_migrations)
    ours = {app for app, _ in known}
    applied = MigrationRecorder(connection).applied_migrations()
    if newer := sorted(
        f"{app}.{name}" for app, name in applied if app in ours and (app, name) not in known
    ):
        detail = f"the database is of a newer version ({', '.join(newer[:SHOWN])})"
        return Check(
            "Version", "failed", detail, "Use that version, or restore a backup of this one."
        )
    return Check("Version", "ok", "the database is of this version or an earlier one")


def check_pending() -> Check:
    pending = pending_migrations()
    if not pending:
        return Check("Tables", "ok", "nothing is to be done")
    more = f" and {len(pending) - SHOWN} more" if len(pending) > SHOWN else ""
    return Check("Tables", "ok", f"{len(pending)} steps: {', '.join(pending[:SHOWN])}{more}")


def check_room(place: Path) -> Check:
    """A backup is smaller than its database; what is written anew needs room as well."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        (size,) = cursor.fetchone() or (0,)
    present = next(path for path in (place, *place.parents) if path.exists())
    free = shutil.disk_usage(present).free
    detail = (
        f"{free / GIGABYTE:.1f} GB free in {present}, the database has {size / GIGABYTE:.1f} GB"
    )
    if free < size + ROOM_BYTES:
        return Check(
            "Room", "failed", detail, "Free some space, or name another folder for the backup."
        )
    return Check("Room", "ok", detail)


def check_jobs() -> Check:
    if "indexer_job" not in connection.introspection.table_names():
        return Check("Jobs", "ok", "this is a new installation")
    count = _count(RUNNING_JOBS)
    if count:
        step = "Stop the workers first; stopped jobs go on afterwards."
        return Check("Jobs", "warning", f"{count} jobs are running", step)
    return Check("Jobs", "ok", "no job is running")


def check_transactions() -> Check:
    """Whoever reads for long holds up a change of the same table."""
    count = _count(LONG_TRANSACTIONS, [LONG_S])
    if count:
        detail = f"{count} connections have worked for more than {LONG_S} s"
        return Check("Connections", "warning", detail, "Wait for them, or stop the services.")
    return Check("Connections", "ok", "nobody has worked for long")


def _count(statement: str, values: list[int] | None = None) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        (count,) = cursor.fetchone() or (0,)
    return int(count)


def backup_place() -> Path:
    return Path(settings.BACKUP_FOLDER or settings.PLUMBLINE_HOME / "backups")
