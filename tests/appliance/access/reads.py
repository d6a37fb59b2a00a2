"""Every way to the corpus, as functions from a person to the places that it shows them."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from django.http import Http404
from django.test import Client

from appliance.accounts.models import TokenRight, User
from appliance.accounts.tokens import create_token
from appliance.sources.access import (
    find_live_blob,
    get_document_for_user,
    granted_scope_of,
    scope_of,
)
from appliance.sources.dryrun import rules_of, sources_seen_by
from appliance.sources.models import SavedSearch
from appliance.sources.saved.matches import Within, found_by
from indexer.codesearch.query import read_query
from indexer.codesearch.search import search_code
from indexer.retrieval.completing import Completer
from indexer.retrieval.folders import entries_of
from indexer.retrieval.locating import documents_at
from indexer.retrieval.named_files import named_files
from indexer.retrieval.occurrences import look_up
from indexer.retrieval.queries import Visibility, documents_of
from indexer.retrieval.search import search
from indexer.retrieval.symbols import definitions_of, uses_of
from tests.appliance.access.world import COMMON, FOLDERS, Place, World

Shown = set[tuple[str, str]]
Asked = Sequence[Place]
MANY = 5000  # more than there are documents
MOST_HITS = 200
FEW = 8  # words that are searched for one by one
ALERTED = 20  # words of one alert: it looks at so many places only
LINK = re.compile(r'/files/([^/"]+)/[^/"]+/([^?#"]+)')
WORD = re.compile(r"canary_\w+")
MARKED_WORD = re.compile(r"canary_(?:<[^>]*>)*\w+")


def by_rules_in_memory(world: World, user: User, asked: Asked) -> Shown:
    scope = scope_of(user)
    return {
        (one.source, one.path)
        for one in asked
        if scope.allows(world.sources[one.source].pk, one.path)
    }


def by_dry_run(world: World, user: User, asked: Asked) -> Shown:
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


def by_sql(world: World, user: User, asked: Asked) -> Shown:
    blobs = [world.blobs[one.source, one.path] for one in asked]
    found = documents_of(Visibility(scope_of(user)), blob_ids=blobs)
    return {(one.source, one.path) for one in found}


def by_search(world: World, user: User, asked: Asked) -> Shown:
    """Search for the word that stands everywhere; where that is too much, for single words, and
    take the other places for found."""
    is_small = len(world.places) <= MOST_HITS
    words = {COMMON} if is_small else {one.word for one in asked[:FEW]}
    found = [search(word, scope=scope_of(user), limit=MOST_HITS, per_document=1) for word in words]
    shown = {(hit.source, hit.path) for result in found for hit in result.hits}
    others = [] if is_small else [one for one in asked if one.word not in words]
    return shown | (world.readable(user, others) if others else set())


def by_code_search(world: World, user: User, asked: Asked) -> Shown:
    found = search_code(read_query("/canary_/"), scope=scope_of(user), max_lines=10_000)
    shown = {(file.source, file.path) for file in found.files}
    assert found.certificate.files_searched == len(shown)
    return shown


def by_paths(world: World, user: User, asked: Asked) -> Shown:
    found = documents_at([one.path for one in asked], scope=scope_of(user), limit=MANY)
    return {(one.source, one.path) for one in found}


def by_names_of_files(world: World, user: User, asked: Asked) -> Shown:
    files = named_files([one.path for one in asked], scope=scope_of(user))
    return {(one.source, one.path) for of_name in files.by_name.values() for one in of_name}


def by_completing(world: World, user: User, asked: Asked) -> Shown:
    """Complete a letter of every path, and the name that every program defines."""
    completer = Completer.over(scope_of(user), limit=MANY)
    shown = {(one.source, one.path) for one in completer.files("p")}
    named = {(one.source, one.path) for one in completer.names(COMMON[:4])}
    assert named == {at for at in shown if at[1].endswith(".py")}
    folders = {(one.source, one.path) for one in completer.folders("")}
    assert {source for source, _ in folders} <= {source for source, _ in shown}
    return shown


def by_opening(world: World, user: User, asked: Asked) -> Shown:
    shown: Shown = set()
    for one in asked:
        try:
            opened = get_document_for_user(user, one.source, "main", one.path)
        except Http404:
            continue
        assert one.word in opened.text
        shown.add((one.source, one.path))
    return shown


def by_attaching(world: World, user: User, asked: Asked) -> Shown:
    scope = scope_of(user)
    return {
        (one.source, one.path)
        for one in asked
        if find_live_blob(scope, one.source, one.path) is not None
    }


def by_folders(world: World, user: User, asked: Asked) -> Shown:
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


def by_alert(world: World, user: User, asked: Asked) -> Shown:
    shown: Shown = set()
    words = sorted({one.word for one in asked})
    for first in range(0, len(words), ALERTED):
        some = "|".join(words[first : first + ALERTED])
        search = SavedSearch(owner=user, page=SavedSearch.Page.CODE, query=rf"/\b({some})\b/")
        found = found_by(search, Within(granted_scope_of(user), ""))
        assert not found.is_cut
        shown |= {(match.source, match.path) for match in found.matches}
    return shown


# What shows every document that is asked for to whom it is open.
COMPLETE: tuple[Callable[[World, User, Asked], Shown], ...] = (
    by_rules_in_memory,
    by_dry_run,
    by_sql,
    by_search,
    by_code_search,
    by_alert,
    by_paths,
    by_names_of_files,
    by_completing,
    by_opening,
    by_attaching,
    by_folders,
)


def by_definitions(world: World, user: User, asked: Asked) -> Shown:
    found = definitions_of(COMMON, scope=scope_of(user), limit=MANY)
    assert found.total == len(found.hits)
    return {(one.source, one.path) for one in found.hits}


def by_uses(world: World, user: User, asked: Asked) -> Shown:
    shown: Shown = set()
    for word in {one.word for one in asked}:
        found = uses_of(word, scope=scope_of(user), limit=MANY)
        assert found.total == len(found.hits)
        shown |= {(one.source, one.path) for one in found.hits}
    return shown


def words_that_occur(world: World, user: User, asked: Asked) -> set[str]:
    words = {one.word for one in asked}
    return set(look_up(names=words, scope=scope_of(user), seconds=30).found)


PAGES: Mapping[str, dict[str, str]] = {
    "/search/": {"q": COMMON},
    "/search/code/": {"q": "/canary_/"},
    "/search/export.jsonl": {"q": COMMON},
    "/search/code/export.csv": {"q": "/canary_/"},
    "/symbols/": {"name": COMMON},
    "/palette/": {"q": COMMON[:4]},
    "/sources/": {},
    "/status/": {},
    "/": {},
}
OF_PROGRAMS: Mapping[str, dict[str, str]] = {
    "/api/v1/search": {"q": COMMON, "limit": "100"},
    "/api/v1/code": {"q": "/canary_/"},
    "/api/v1/symbols": {"name": COMMON},
    "/api/v1/sources": {"limit": "100"},
}
# Of each place one of these, at random.
OF_A_FILE = (
    "/files/{}/main/{}",
    "/raw/{}/main/{}",
    "/blame/{}/main/{}",
    "/history/{}/main/{}",
    "/colours/{}/main/{}",
    "/api/v1/files/{}/main/{}",
)


@dataclass(frozen=True)
class Asking:
    """Somebody signed in, with a token beside it for what programs ask."""

    client: Client
    user: User
    token: str

    @classmethod
    def of(cls, client: Client, user: User) -> Asking:
        client.force_login(user)
        rights = (TokenRight.READ,)
        return cls(client, user, create_token(user, name="fuzz", rights=rights, by=user).text)

    def get(self, address: str, asked: Mapping[str, str] | None = None) -> tuple[int, str]:
        client, headers = self.client, {}
        if address.startswith("/api/"):  # where a session is refused
            client, headers = Client(), {"Authorization": f"Bearer {self.token}"}
        response = client.get(address, asked, headers=headers)
        return response.status_code, response.content.decode()


def leaks_of_pages(asking: Asking, world: World, shown: Shown, known: Collection[str]) -> list[str]:
    """Return what the pages tell of places and words that are not to be shown."""
    words, told = world.words(shown), []
    for address, asked in {**PAGES, **OF_PROGRAMS}.items():
        status, body = asking.get(address, asked)
        assert status == 200, (address, status, body)
        told += [f"{address}: {place}" for place in set(LINK.findall(body)) - shown]
        told += [f"{address}: {word}" for word in set(WORD.findall(body)) - words]
        # Twins hold each other's words, which hold a source's name.
        bare = MARKED_WORD.sub("", body)
        told += [f"{address}: {one}" for one in world.sources if one in bare and one not in known]
    return told


def mistakes_of_files(
    asking: Asking, chance: random.Random, asked: Asked, shown: Shown
) -> list[tuple[str, int]]:
    """Return the addresses of files that open where they may not, or do not where they may."""
    wrong = []
    for one in asked:
        address = chance.choice(OF_A_FILE).format(one.source, one.path)
        status, _ = asking.get(address)
        if (status == 200) != ((one.source, one.path) in shown):
            wrong.append((address, status))
    return wrong
