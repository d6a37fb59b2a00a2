"""People, groups and rules at random: every way to read, compared with an independent oracle.

`PLUMBLINE_FUZZ_SEED` repeats a run; the big one is marked slow.
"""

from __future__ import annotations

import os
import random
import time

import pytest
from django.test import Client
from pytest_django import Settings

from appliance.accounts.models import User
from appliance.sources.access import scope_of
from appliance.sources.dryrun import readers_of
from indexer import wall
from tests.appliance.access import reads
from tests.appliance.access.walled import as_runtime_role
from tests.appliance.access.world import World, make_world
from tests.conftest import SourceFactory


def compared(world: World, client: Client, people: list[User]) -> tuple[int, list[object]]:
    """Ask every read path as these people; return how many answers were compared."""
    checks = 0
    wrong: list[object] = []
    for user in people:
        wall.enter(scope_of(user))
        right = world.readable(user)
        python = {place for place in right if place[1].endswith(".py")}
        expected = [(path, right) for path in reads.COMPLETE]
        expected += [(reads.by_definitions, python), (reads.by_uses, python)]
        for path, places in expected:
            checks += len(world.places)
            if differing := path(world, user) ^ places:
                wrong.append((path.__name__, user.username, sorted(differing)[:3]))
        checks += len(world.places)
        if reads.words_that_occur(world, user) != world.words(right):
            wrong.append(("words", user.username, ""))
    for user in [one for one in people if one.is_active][: max(2, len(people) // 4)]:
        client.force_login(user)
        right = world.readable(user)
        told = reads.leaks_of_pages(client, world, right, world.named(user))
        checks += len(reads.PAGES) * len(world.places) + len(world.places)
        wrong += [(user.username, one) for one in told]
        for one in world.places:
            response = client.get(f"/files/{one.source}/main/{one.path}")
            if (response.status_code == 200) != ((one.source, one.path) in right):
                wrong.append(("/files/", user.username, one))
    return checks, wrong


def by_rules(world: World) -> tuple[int, list[object]]:
    """Compare the rules alone, for everybody, and the people behind each file."""
    wrong: list[object] = []
    readers: dict[tuple[str, str], set[str]] = {(p.source, p.path): set() for p in world.places}
    for user in world.people:
        right = world.readable(user)
        for path in (reads.by_rules_in_memory, reads.by_sql):
            if differing := path(world, user) ^ right:
                wrong.append((path.__name__, user.username, sorted(differing)[:3]))
        for place in right:
            readers[place].add(user.username)
    for (source, at), names in readers.items():
        if {one.user.username for one in readers_of(world.sources[source], at)} != names:
            wrong.append(("who", source, at))
    return 3 * len(world.people) * len(world.places), wrong


def run(
    factory: SourceFactory,
    client: Client,
    settings: Settings,
    *,
    seed: int,
    sources: int,
    people: int,
    asked: int,
) -> None:
    """Ask half of them before the first wall alone, the others before both."""
    chance, began = random.Random(seed), time.monotonic()  # noqa: S311 - no secret
    world = make_world(factory, chance, sources=sources, people=people, grants=4 * people)
    checks, wrong = by_rules(world)
    more, told = compared(world, client, world.people[: asked // 2])
    with as_runtime_role(settings):
        behind, found = compared(world, client, world.people[asked // 2 : asked])
    wrong += told + found
    seconds = time.monotonic() - began
    print(  # noqa: T201 - the figure of the report
        f"\n{checks + more + behind} checks in {seconds:.0f} s: {people} people, {asked} of them "
        f"by every path, {len(world.places)} documents, seed {seed}, differences: {len(wrong)}"
    )
    assert wrong == []


def seed_of_this_run() -> int:
    given = os.environ.get("PLUMBLINE_FUZZ_SEED")
    return int(given) if given else random.SystemRandom().randrange(10**6)


def test_every_way_to_read_shows_what_the_rules_say(
    source_factory: SourceFactory, client: Client, settings: Settings
) -> None:
    seed = seed_of_this_run()
    run(source_factory, client, settings, seed=seed, sources=4, people=60, asked=10)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_two_thousand_people_by_every_way(
    source_factory: SourceFactory, client: Client, settings: Settings
) -> None:
    seed = seed_of_this_run()
    run(source_factory, client, settings, seed=seed, sources=8, people=2500, asked=120)
