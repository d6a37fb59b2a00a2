"""In which of a source's refs a path is found: for the picker of a file's page."""

from __future__ import annotations

from dataclasses import dataclass

from indexer.models import Document, Ref, Source


@dataclass(frozen=True, slots=True)
class RefOfPath:
    """One followed ref, and whether the path is a searchable file in it."""

    name: str
    kind: str
    commit: str
    is_default: bool
    has_it: bool


def refs_of_path(source: Source, path: str) -> tuple[RefOfPath, ...]:
    """Return every followed ref, the default one first; the caller has checked the access."""
    documents = Document.objects.filter(source=source, path=path)
    holding = {ref for refs in documents.values_list("refs", flat=True) for ref in refs}
    return tuple(
        RefOfPath(ref.name, ref.kind, ref.commit, ref.is_default, ref.pk in holding)
        for ref in source.refs.order_by("-is_default", "name")
    )


def followed_at(source: Source, commit: str, path: str) -> tuple[Ref | None, str]:
    """Return the followed ref that an address begins with, and the path behind it.

    The address names a commit or a ref, and a ref such as release/2.0 holds a slash.
    """
    if ref := source.refs.filter(commit=commit).order_by("-is_default", "name").first():
        return ref, path
    whole = f"{commit}/{path}"
    for ref in source.refs.order_by("name"):
        if whole.startswith(f"{ref.name}/"):
            return ref, whole.removeprefix(f"{ref.name}/")
    return None, path
