"""Keeps, changes and forgets sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction

from appliance.accounts.models import User
from appliance.audit.actions import Action
from appliance.audit.recording import Target, record
from appliance.sources.models import SetPart, SourceSet
from appliance.sources.narrowing.folders import MOST_FOLDERS
from indexer.models import Source

MOST_SETS = 50  # of one person, and of one group
MOST_PARTS = 500


class SetNotKept(Exception):
    """A set cannot be kept as it was asked for; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A set as somebody wants it kept."""

    name: str
    sources: Sequence[Source]
    folders: Sequence[tuple[Source, str]]
    ref: str = ""
    group: Group | None = None  # None: one's own


def keep(kept: SourceSet | None, wish: Wish, *, by: User) -> SourceSet:
    """Keep a set, a new one or in another form. Raises SetNotKept."""
    if not wish.sources and not wish.folders:
        raise SetNotKept(
            "Choose a source or write a folder: a set that holds nothing finds nothing."
        )
    if len(wish.sources) + len(wish.folders) > MOST_PARTS:
        raise SetNotKept(f"A set holds at most {MOST_PARTS} sources and folders.")
    if len(wish.folders) > MOST_FOLDERS:
        raise SetNotKept(f"A set holds at most {MOST_FOLDERS} folders. Choose whole sources.")
    kept = kept or SourceSet()
    kept.owner, kept.group = (None, wish.group) if wish.group else (by, None)
    kept.name, kept.ref = wish.name, wish.ref
    try:
        with transaction.atomic():
            _check_room(kept)
            kept.save()
            kept.parts.all().delete()
            SetPart.objects.bulk_create(_parts(kept, wish))
            _record(kept, by, "kept")
    except IntegrityError as exc:
        raise SetNotKept(f"There is a set called {wish.name} already.") from exc
    return kept


def forget(kept: SourceSet, *, by: User) -> None:
    with transaction.atomic():
        _record(kept, by, "deleted")
        kept.delete()


def _parts(kept: SourceSet, wish: Wish) -> list[SetPart]:
    pairs = [*((source, "") for source in wish.sources), *wish.folders]
    return [
        SetPart(source_set=kept, source=source, path=path) for source, path in dict.fromkeys(pairs)
    ]


def _check_room(kept: SourceSet) -> None:
    others = SourceSet.objects.filter(owner=kept.owner, group=kept.group).exclude(pk=kept.pk)
    if others.count() >= MOST_SETS:
        raise SetNotKept(f"There are {MOST_SETS} sets already. Delete one that is not used.")


def _record(kept: SourceSet, by: User, what: str) -> None:
    """Record what admins change for others; one's own sets are nobody else's business."""
    if kept.group is None:
        return
    parts = sorted(str(part) for part in kept.parts.select_related("source"))
    details: dict[str, object] = {"group": kept.group.name, "what": what, "ref": kept.ref}
    target = Target("source_set", str(kept.pk), kept.name)
    record(Action.SET_CHANGED, actor=by, target=target, details=details | {"parts": parts})
