"""The way to a path, folder by folder, and the other refs that have it."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.sources.elsewhere import RefOfPath
from indexer.models import Document, Source
from indexer.scope import Scope


@dataclass(frozen=True, slots=True)
class Crumb:
    name: str
    path: str  # of a folder, with its slash


def crumbs_of(path: str) -> tuple[Crumb, ...]:
    """Return the folders above a path, the root left out."""
    parts = path.rstrip("/").split("/")[:-1]
    return tuple(
        Crumb(name, "/".join(parts[: count + 1]) + "/") for count, name in enumerate(parts)
    )


def refs_of_folder(source: Source, folder: str, scope: Scope) -> tuple[RefOfPath, ...]:
    """Return every followed ref, the default one first, and whether the reader sees the folder in it."""
    refs = list(source.refs.order_by("-is_default", "name"))
    holding: set[int] = set()
    if len(refs) > 1:
        documents = Document.objects.filter(source=source, path__startswith=folder)
        if source.pk in scope.whole_source_ids:
            sets = documents.values_list("refs", flat=True).distinct()
            holding = {ref for one in sets for ref in one}
        else:
            rows = documents.values_list("path", "refs").iterator()
            for path, of_path in rows:
                if not holding.issuperset(of_path) and scope.allows(source.pk, path):
                    holding.update(of_path)
    return tuple(
        RefOfPath(ref.name, ref.kind, ref.commit, ref.is_default, ref.pk in holding) for ref in refs
    )
