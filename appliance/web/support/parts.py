"""What is in a bundle, part by part: versions, settings, checks, counts, jobs, measurements."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
from collections.abc import Mapping
from datetime import timedelta
from importlib import metadata
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.models import Count
from django.utils import timezone

from appliance.audit.models import Event, Verification
from appliance.common.metrics import exposition
from appliance.web.backups.postgres import applied_migrations
from appliance.web.egress.looking import newest_runs
from appliance.web.health import check_all
from appliance.web.managing.values import SECRET
from appliance.web.support.words import LEFT_OUT, Words
from indexer.fetching.versions import git_version
from indexer.models import Job

OURS = ("accounts", "audit", "sources", "conversations", "web", "indexer")
JOBS = 200
AUDITED_DAYS = 30
FOLDERS = ("audit", "cache", "keys", "logs", "metrics", "mirrors", "postgres", "static", "uploads")
CODE = re.compile(r"[a-z_]{1,60}")
PLAIN = re.compile(r"\d{1,9}|true|false")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
# Whose values are words of the product, or numbers.
LABELS = {
    "collector", "good", "kind", "le", "marked", "method", "mode", "outcome", "part", "queue", "reason",
    "route", "service", "source", "state", "status",
}  # fmt: skip


def versions() -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version')")
        (server,) = cursor.fetchone() or ("",)
        cursor.execute("SELECT extname, extversion FROM pg_extension ORDER BY extname")
        extensions = dict(cursor.fetchall())
    return {
        "python": sys.version.split()[0],
        "system": f"{platform.system()} {platform.release().split('-')[0]} {platform.machine()}",
        "cores": os.cpu_count(),
        "git": ".".join(map(str, git_version() or ())),
        "postgresql": server,
        "extensions": extensions,
        "packages": {one.name: one.version for one in metadata.distributions()},
        "migrations": applied_migrations(),
    }


def settings_told(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return each setting that is set: its value where it is a number or a word of its
    documentation, else only that it is set."""
    environment = os.environ if environment is None else environment
    documented = (settings.BASE_DIR / "docs" / "settings.md").read_text("utf-8")
    told = {}
    for name in re.findall(r"^### (PLUMBLINE_\w+)$", documented, re.M):
        value = environment.get(name, "")
        about = documented.partition(f"### {name}\n")[2].partition("\n### ")[0]
        is_plain = PLAIN.fullmatch(value) or f"`{value}`" in about
        if value and is_plain and not SECRET.search(name):
            told[name] = value
        elif value or environment.get(f"{name}_FILE"):
            told[name] = "(set)"
    return told


def checks(words: Words) -> list[dict[str, str]]:
    """Return what the doctor says, in the product's own words."""
    return [
        {
            "name": check.name,
            "state": check.state,
            "detail": words.scrub(check.detail),
            "next_step": words.scrub(check.next_step),
        }
        for check in check_all()
    ]


def counts() -> dict[str, Any]:
    since = timezone.now() - timedelta(days=AUDITED_DAYS)
    actions = Event.objects.filter(at__gte=since).values_list("action", "outcome")
    verified = Verification.objects.first()
    home: Path = settings.PLUMBLINE_HOME
    return {
        "rows": {
            model._meta.label: model._default_manager.count()
            for label in OURS
            for model in apps.get_app_config(label).get_models()
        },
        "audited_in_30_days": {
            f"{action} {outcome}": count
            for action, outcome, count in actions.annotate(Count("sequence")).order_by("action")
        },
        "audit_is_whole": verified and not verified.problem,
        "egress": {
            f"{number} {run.service}": run.verdict for number, run in enumerate(newest_runs())
        },
        "disk_free_bytes": shutil.disk_usage(home).free if home.exists() else None,
        "folder_bytes": {name: _size(home / name) for name in FOLDERS if (home / name).is_dir()},
    }


def _size(folder: Path) -> int:
    total = 0
    for root, _, files in os.walk(folder):
        for name in files:
            try:
                total += (Path(root) / name).lstat().st_size
            except OSError:
                continue
    return total


def jobs() -> list[dict[str, Any]]:
    """Return the newest jobs, sources by number; an error by its code, without its words."""
    return [
        {
            "job": job.pk,
            "source": job.source_id,
            "kind": job.kind,
            "reason": job.reason,
            "state": job.state,
            "phase": job.phase if CODE.fullmatch(job.phase) else LEFT_OUT,
            "attempt": job.attempt,
            "failures": job.failures,
            "error_code": job.error_code if CODE.fullmatch(job.error_code or "x") else LEFT_OUT,
            "created_at": job.created_at,
            "started_at": job.started_at,
            "ended_at": job.ended_at,
        }
        for job in Job.objects.all()[:JOBS]
    ]


def job_counts() -> dict[str, int]:
    rows = Job.objects.order_by().values_list("kind", "state", "error_code").annotate(Count("pk"))
    return {
        f"{kind} {state} {code if CODE.fullmatch(code or 'x') else LEFT_OUT}".strip(): count
        for kind, state, code, count in rows
    }


def measurements() -> str:
    """Return what Prometheus is told, without the values of labels that may name a machine."""

    def plain(found: re.Match[str]) -> str:
        label, value = found.groups()
        return found.group() if label in LABELS and "/" not in value else f'{label}="{LEFT_OUT}"'

    return LABEL.sub(plain, exposition().decode())
