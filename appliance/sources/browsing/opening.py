"""From an address of the code view to what it names, or 404 as if it did not exist."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import Http404

from appliance.accounts.models import User
from appliance.sources.access import (
    OpenedDocument,
    get_document_for_user,
    get_source_for_user,
    scope_of,
)
from appliance.sources.browsing.unlisted import Unlisted, unlisted_in
from appliance.sources.elsewhere import followed_at
from indexer.models import Ref, Source
from indexer.retrieval.folders import Entry, entries_of
from indexer.scope import Scope


@dataclass(frozen=True, slots=True)
class OpenedFolder:
    """A folder of a ref with what its reader may see in it; there is always something."""

    source: Source
    ref: Ref
    path: str  # with its slash; empty: the root
    entries: list[Entry]
    unlisted: tuple[Unlisted, ...]
    scope: Scope


def get_opened_document(user: User, source: str, commit: str, path: str) -> OpenedDocument:
    """Open a document; a ref such as release/2.0 holds a slash, so its end is looked for."""
    if "\0" in source + commit + path:  # PostgreSQL refuses to look for it
        raise Http404
    try:
        return get_document_for_user(user, source, commit, path)
    except Http404:
        refs = get_source_for_user(user, source).refs.filter(name__startswith=f"{commit}/")
        whole = f"{commit}/{path}"
        for ref in refs.order_by("name"):
            if whole.startswith(f"{ref.name}/"):
                rest = whole.removeprefix(f"{ref.name}/")
                return get_document_for_user(user, source, ref.name, rest)
        raise


def get_opened_folder(user: User, source_name: str, commit: str, path: str) -> OpenedFolder:
    """Open a folder of a ref that is followed; a folder in which nothing may be seen is none."""
    if "\0" in source_name + commit + path:
        raise Http404
    source = get_source_for_user(user, source_name)
    ref, folder = followed_at(source, commit, path)
    if ref is None or (folder and not folder.endswith("/")):
        raise Http404
    scope = scope_of(user)
    entries = entries_of(ref, [folder], scope)[folder]
    if not entries:
        raise Http404
    unlisted = unlisted_in(ref, folder, scope)
    return OpenedFolder(source, ref, folder, entries, unlisted, scope)
