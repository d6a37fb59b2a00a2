"""What works and what does not, as plain checks: for the status page and for `manage.py doctor`.

Each check asks the thing itself, waits a few seconds at most, and never reaches outside.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from celery import current_app
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from kombu import Connection
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from appliance.common.starting import as_here, start_again
from appliance.web import walls
from appliance.web.auditing.checks import check_audit, check_audit_delivery
from appliance.web.backups.checks import check_backup
from appliance.web.backups.copies import check_copies
from appliance.web.certificates import check_certificates
from appliance.web.check import ABOVE, UNKNOWN, Check, State, first_line
from appliance.web.check_directories import check_directories
from appliance.web.check_hosts import check_hosts
from appliance.web.egress.checks import check_egress
from appliance.web.model_checks import check_chat_model, check_embedding_model, check_reranker
from appliance.web.models import ASK, EMBED, SYNC, Heartbeat
from appliance.web.swap import check_swap
from indexer.evaluation.runs import newest_done
from indexer.fetching.versions import git_version, has_security_fixes
from indexer.models import Job, Source
from inference.sandbox import problem as sandbox_problem

# Four ticks of the scheduler.
SILENCE = timedelta(seconds=60)
QUEUE_TIMEOUT_S = 3
GIGABYTE = 1_000_000_000
LITTLE_DISK_BYTES, NO_DISK_BYTES = 5 * GIGABYTE, 1 * GIGABYTE
SHOWN_NAMES = 3


def check_all() -> list[Check]:
    """Run every check; one that fails does not keep the others from running."""
    found = [check() for check in CHECKS]
    return [replace(check, next_step=as_here(check.next_step)) for check in found]


def check_settings() -> Check:
    if settings.DEBUG:
        return Check(
            "Settings",
            "warning",
            "debug pages are on: errors show code and settings",
            "Set PLUMBLINE_DEBUG=false.",
        )
    return Check("Settings", "ok", f"data folder {settings.PLUMBLINE_HOME}")


def check_database() -> Check:
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT current_setting('server_version'),"
                " (SELECT extversion FROM pg_extension WHERE extname = 'vector')"
            )
            version, vector = cursor.fetchone()
    except DatabaseError as exc:
        return Check("Database", "failed", first_line(exc), start_again("PostgreSQL", "postgres"))
    if vector is None:
        return Check(
            "Database",
            "failed",
            f"PostgreSQL {version} without pgvector",
            "Install pgvector and run: manage.py migrate",
        )
    return Check("Database", "ok", f"PostgreSQL {version}, pgvector {vector}")


def check_migrations() -> Check:
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as exc:
        return Check("Tables", "failed", first_line(exc), ABOVE)
    if missing:
        return Check(
            "Tables", "failed", f"{len(missing)} migrations are missing", "Run: manage.py migrate"
        )
    return Check("Tables", "ok", "all migrations are applied")


def check_queue() -> Check:
    with current_app.connection_for_read(connect_timeout=QUEUE_TIMEOUT_S) as queue:
        try:
            queue.ensure_connection(max_retries=1, interval_start=0, timeout=QUEUE_TIMEOUT_S)
        except OperationalError as exc:  # kombu makes this of every error of the connection
            return Check("Queue", "failed", first_line(exc), start_again("Valkey", "valkey"))
        policy = _eviction_policy(queue)
    if policy not in {"", "noeviction"}:
        return Check(
            "Queue",
            "failed",
            f"Valkey throws messages away when its memory is full (maxmemory-policy {policy})",
            "Set maxmemory-policy noeviction in its settings and start it again.",
        )
    return Check("Queue", "ok", "Valkey answers")


def _eviction_policy(queue: Connection) -> str:
    """Return what the queue does when its memory is full; empty where it does not say."""
    client = getattr(queue.default_channel, "client", None)
    try:
        return str(client.info("memory").get("maxmemory_policy", "")) if client else ""
    except RedisError:  # this user may not ask
        return ""


def check_sync_worker() -> Check:
    return check_corpus_worker("Sync worker", Job.Kind.SYNC, "syncing", SYNC, "worker")


def check_embed_worker() -> Check:
    return check_corpus_worker(
        "Embedding worker", Job.Kind.EMBED, "embedding", EMBED, "worker-embed"
    )


def check_corpus_worker(name: str, kind: str, verb: str, queue: str, program: str) -> Check:
    """A worker in the middle of long jobs shows its life in their leases, not in a beat."""
    try:
        working = Job.objects.filter(
            kind=kind,
            state=Job.State.RUNNING,
            lease_until__gt=timezone.now(),
            error_code="",
        )
        names = list(working.values_list("source__name", flat=True)[:3])
    except DatabaseError:
        return Check(name, "failed", UNKNOWN, ABOVE)
    if names:
        return Check(name, "ok", f"{verb} {', '.join(names)}")
    return check_beat(name, queue, program)


def check_answer_worker() -> Check:
    return check_beat("Answer worker", ASK, "worker-ask")


def check_beat(name: str, queue: str, program: str) -> Check:
    again = start_again("the workers and the scheduler", program)
    try:
        beat = Heartbeat.objects.filter(name=queue).first()
    except DatabaseError:
        return Check(name, "failed", UNKNOWN, ABOVE)
    if beat is None:
        return Check(name, "warning", "no sign of life yet", f"Wait 15 seconds. {again}")
    silence = timezone.now() - beat.at
    if silence > SILENCE:
        return Check(name, "failed", f"silent for {int(silence.total_seconds())} s", again)
    return Check(name, "ok", f"last sign of life {int(silence.total_seconds())} s ago")


def check_sandbox() -> Check:
    """Try to confine a command, when patches are to be tried that way."""
    if settings.SANDBOX == "off":
        return Check(
            "Sandbox", "off", "patches are not run", "It is optional: see docs/settings.md."
        )
    if problem := sandbox_problem():
        step = "Install bubblewrap, and allow user namespaces; or set PLUMBLINE_SANDBOX=off."
        return Check("Sandbox", "failed", problem, step)
    names = ", ".join(sorted(settings.SANDBOX_COMMANDS))
    if not names:
        step = "Set PLUMBLINE_SANDBOX_COMMANDS."
        return Check("Sandbox", "warning", "no source has a command to run", step)
    return Check("Sandbox", "ok", f"bubblewrap, for {names}")


def check_mirrors() -> Check:
    """Write something: rights, a full disk and a read-only mount all show."""
    folder: Path = settings.MIRRORS_DIR
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as trial:
            trial.write(b"x")
    except OSError as exc:
        return Check(
            "Mirrors",
            "failed",
            f"{folder} cannot be written: {exc.strerror}",
            f"Give {folder} to the user that runs the workers.",
        )
    return Check("Mirrors", "ok", f"{folder} can be written")


def check_disk() -> Check:
    folder: Path = settings.PLUMBLINE_HOME
    present = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(present).free
    detail = f"{free / GIGABYTE:.0f} GB free in {present}"
    if free >= LITTLE_DISK_BYTES:
        return Check("Disk", "ok", detail)
    state: State = "failed" if free < NO_DISK_BYTES else "warning"
    return Check("Disk", state, detail, "Free some space, or move PLUMBLINE_HOME.")


def check_git() -> Check:
    version = git_version()
    if not version:
        return Check("Git", "failed", "git is not installed", "Install git 2.39.4 or later.")
    detail = ".".join(map(str, version))
    if has_security_fixes(version):
        return Check("Git", "ok", detail)
    advice = "Install 2.45.1 or later, or a distribution's git with the fixes of May 2024."
    return Check("Git", "warning", f"{detail} lacks security fixes", advice)


def check_origins() -> Check:
    """Name what is hidden, because its origin does not give it any more."""
    try:
        hidden = list(Source.objects.filter(hidden_at__isnull=False).values_list("name", flat=True))
    except DatabaseError:
        return Check("Origins", "failed", UNKNOWN, ABOVE)
    if not hidden:
        return Check("Origins", "ok", "no source is hidden")
    more = f" and {len(hidden) - SHOWN_NAMES} more" if len(hidden) > SHOWN_NAMES else ""
    return Check(
        "Origins",
        "warning",
        f"hidden, because the origin refused: {', '.join(hidden[:SHOWN_NAMES])}{more}",
        "Renew the credential, correct the right to read, or remove the source.",
    )


def check_search_quality() -> Check:
    """Tell of a drop in the newest evaluation that nobody has looked into."""
    try:
        run = newest_done()
    except DatabaseError:
        return Check("Search quality", "failed", UNKNOWN, ABOVE)
    if run is None:
        return Check(
            "Search quality",
            "off",
            "not measured yet",
            "It is measured each night once a source has history, or at once: manage.py evaluate run",
        )
    if run.alarms and not run.accepted_by:
        dropped = ", ".join(dict.fromkeys(str(one["measure"]) for one in run.alarms))
        return Check(
            "Search quality",
            "warning",
            f"dropped in run {run.pk}: {dropped}",
            "Open /evaluation/ and compare; accept the run if the drop is meant.",
        )
    return Check("Search quality", "ok", f"run {run.pk} of {run.created_at:%Y-%m-%d}, no drop")


CHECKS: tuple[Callable[[], Check], ...] = (
    check_settings,
    check_database,
    check_migrations,
    lambda: Check("Second wall", *walls.state()),
    check_queue,
    check_sync_worker,
    check_embed_worker,
    check_answer_worker,
    check_embedding_model,
    check_reranker,
    check_chat_model,
    check_sandbox,
    check_mirrors,
    check_disk,
    check_certificates,
    check_swap,
    check_git,
    check_search_quality,
    check_origins,
    check_directories,
    check_hosts,
    check_egress,
    check_backup,
    check_copies,
    check_audit,
    check_audit_delivery,
)
