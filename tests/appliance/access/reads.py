"""Every way to the corpus, as functions from a person to the places that it shows them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping

from django.http import Http404
from django.test import Client

from appliance.accounts.models import User
from appliance.sources.access import (
    find_live_blob,
    get_document_for_user,
    granted_scope_of,
    scope_of,
)
from appliance.sources.dryrun import rules_of, sources_seen_by
from appliance.sources.models import SavedSearch
from appliance.sources.saved.matches import found_by
from indexer.codesearch.query import read_query
from indexer.codesearch.search import search_code
from indexer.models import Blob
from indexer.retrieval.folders import entries_of
from indexer.retrieval.locating import documents_at
from indexer.retrieval.named_files import named_files
from indexer.retrieval.occurrences import look_up
from indexer.retrieval.queries import Visibility, documents_of
from indexer.retrieval.search import search
from indexer.retrieval.symbols import definitions_of, uses_of
from tests.appliance.access.world import COMMON, FOLDERS, World

Shown = set[tuple[str, str]]
LINK = re.compile(r'/files/([^/"]+)/[^/"]+/([^?#"]+)')
WORD = re.compile(r"canary_\w+")
MARKED_WORD = re.compile(r"canary_(?:<[^>]*>)*\w+")


def by_rules_in_memory(world: World, user: User) -> Shown:
    scope = scope_of(user)
    return {
        (one.source, one.path)
        for one in world.places
        if scope.allows(world.sources[one.source].pk, one.path)
    }


def by_dry_run(world: World, user: User) -> Shown:
    rules = rules_of(user)
    shown = {
        (one.source, one.path)
        for one in world.places
        if rules.decide(world.sources[one.source].pk, one.path).allowed
    }
    seen = sources_seen_by(user, world.sources.values())
    counts = {one.source.name: one.readable for one in seen}
    assert counts == {name: sum(of == name for of, _ in shown) for name in world.sources}
    return shown


def by_sql(world: World, user: User) -> Shown:
    blobs = list(Blob.objects.values_list("pk", flat=True))
    found = documents_of(Visibility(scope_of(user)), blob_ids=blobs)
    return {(one.source, one.path) for one in found}


def by_search(world: World, user: User) -> Shown:
    hits = search(COMMON, scope=scope_of(user), limit=1000, per_document=1).hits
    return {(hit.source, hit.path) for hit in hits}


def by_code_search(world: World, user: User) -> Shown:
    found = search_code(read_query("/canary_/"), scope=scope_of(user), max_lines=10_000)
    shown = {(file.source, file.path) for file in found.files}
    assert found.certificate.files_searched == len(shown)
    return shown


def by_paths(world: World, user: User) -> Shown:
    found = documents_at([one.path for one in world.places], scope=scope_of(user), limit=10_000)
    return {(one.source, one.path) for one in found}


def by_names_of_files(world: World, user: User) -> Shown:
    files = named_files([one.path for one in world.places], scope=scope_of(user))
    return {(one.source, one.path) for of_name in files.by_name.values() for one in of_name}


def by_opening(world: World, user: User) -> Shown:
    shown: Shown = set()
    for one in world.places:
        try:
            opened = get_document_for_user(user, one.source, "main", one.path)
        except Http404:
            continue
        assert one.word in opened.text
        shown.add((one.source, one.path))
    return shown


def by_attaching(world: World, user: User) -> Shown:
    scope = scope_of(user)
    return {
        (one.source, one.path)
        for one in world.places
        if find_live_blob(scope, one.source, one.path) is not None
    }


def by_folders(world: World, user: User) -> Shown:
    scope = scope_of(user)
    shown: Shown = set()
    counted = 0
    for name, source in world.sources.items():
        ref = source.refs.get(name="main")
        for folder, entries in entries_of(ref, FOLDERS, scope).items():
            shown |= {(name, one.path) for one in entries if not one.is_folder}
            if not folder:
                counted = sum(one.files for one in entries)
        assert counted == sum(of == name for of, _ in shown)
    return shown


def by_alert(world: World, user: User) -> Shown:
    search = SavedSearch(owner=user, page=SavedSearch.Page.CODE, query="/canary_/")
    found = found_by(search, granted_scope_of(user))
    assert not found.is_cut
    return {(match.source, match.path) for match in found.matches}


# What shows every document to whom it is open.
COMPLETE: tuple[Callable[[World, User], Shown], ...] = (
    by_rules_in_memory,
    by_dry_run,
    by_sql,
    by_search,
    by_code_search,
    by_alert,
    by_paths,
    by_names_of_files,
    by_opening,
    by_attaching,
    by_folders,
)


def by_definitions(world: World, user: User) -> Shown:
    found = definitions_of(COMMON, scope=scope_of(user), limit=1000)
    assert found.total == len(found.hits)
    return {(one.source, one.path) for one in found.hits}


def by_uses(world: World, user: User) -> Shown:
    shown: Shown = set()
    for word in {one.word for one in world.places}:
        found = uses_of(word, scope=scope_of(user), limit=1000)
        assert found.total == len(found.hits)
        shown |= {(one.source, one.path) for one in found.hits}
    return shown


def words_that_occur(world: World, user: User) -> set[str]:
    words = {one.word for one in world.places}
    return set(look_up(names=words, scope=scope_of(user), seconds=30).found)


PAGES: Mapping[str, dict[str, str]] = {
    "/search/": {"q": COMMON},
    "/search/code/": {"q": "/canary_/"},
    "/search/export.jsonl": {"q": COMMON},
    "/search/code/export.csv": {"q": "/canary_/"},
    "/symbols/": {"name": COMMON},
    "/sources/": {},
    "/status/": {},
    "/": {},
}


def leaks_of_pages(client: Client, world: World, shown: Shown, known: Collection[str]) -> list[str]:
    """Return what the pages tell of places and words that are not to be shown."""
    words, told = world.words(shown), []
    for address, asked in PAGES.items():
        body = client.get(address, asked).content.decode()
        told += [f"{address}: {place}" for place in set(LINK.findall(body)) - shown]
        told += [f"{address}: {word}" for word in set(WORD.findall(body)) - words]
        bare = MARKED_WORD.sub(
            "", body
        )  # twins hold each other's words, which hold a source's name
        told += [f"{address}: {one}" for one in world.sources if one in bare and one not in known]
    return told
