"""People, groups and rules at random: every way to read, compared with an independent oracle.

`PLUMBLINE_FUZZ_SEED` repeats a run; the big one is marked slow.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Sequence

import pytest
from django.test import Client
from pytest_django import Settings

from appliance.accounts.models import User
from appliance.sources.access import scope_of
from appliance.sources.dryrun import readers_of
from appliance.sources.models import Grant
from indexer import wall
from tests.appliance.access import reads
from tests.appliance.access.walled import as_runtime_role
from tests.appliance.access.world import Place, Size, World, make_world
from tests.conftest import SourceFactory

PLACES = 300  # of each person, where the rules alone are asked


def compared(
    world: World, client: Client, people: list[User], chance: random.Random, size: Size
) -> tuple[int, list[object]]:
    """Ask every read path as these people; return how many answers were compared."""
    checks = 0
    wrong: list[object] = []
    for user in people:
        wall.enter(scope_of(user))
        right, asked = world.readable(user), world.some(chance, size.places)
        python = {place for place in right if place[1].endswith(".py")}
        expected = [(path, right) for path in reads.COMPLETE]
        expected += [(reads.by_definitions, python), (reads.by_uses, python)]
        for path, places in expected:
            checks += len(asked)
            if differing := differences(path(world, user, asked), places, asked):
                wrong.append((path.__name__, user.username, sorted(differing)[:3]))
        checks += len(asked)
        open_words = world.words(right) & {one.word for one in asked}
        if reads.words_that_occur(world, user, asked) != open_words:
            wrong.append(("words", user.username, ""))
    for user in [one for one in people if one.is_active][: max(2, len(people) // 4)]:
        wall.enter(scope_of(user))
        right, asked = world.readable(user), world.some(chance, size.places)
        asking = reads.Asking.of(client, user)
        told = reads.leaks_of_pages(asking, world, right, world.named(user))
        checks += (len(reads.PAGES) + len(reads.OF_PROGRAMS)) * len(world.places) + len(asked)
        wrong += [(user.username, one) for one in told]
        wrong += reads.mistakes_of_files(asking, chance, asked, right)
    return checks, wrong


def differences(shown: reads.Shown, right: reads.Shown, asked: Sequence[Place]) -> reads.Shown:
    """Return what was shown and may not be, and what was asked for, may be read and was missing."""
    return (shown - right) | ({(one.source, one.path) for one in asked} & right) - shown


def by_rules(world: World, chance: random.Random) -> tuple[int, list[object]]:
    """Compare the rules alone, for everybody, and the people behind some files."""
    wrong: list[object] = []
    checks = 0
    behind = world.some(chance, PLACES)
    readers: dict[tuple[str, str], set[str]] = {(one.source, one.path): set() for one in behind}
    for user in world.people:
        asked = world.some(chance, PLACES)
        right = world.readable(user)
        for path in (reads.by_rules_in_memory, reads.by_sql):
            checks += len(asked)
            if differing := differences(path(world, user, asked), right, asked):
                wrong.append((path.__name__, user.username, sorted(differing)[:3]))
        for place in right & readers.keys():
            readers[place].add(user.username)
    for (source, at), names in readers.items():
        checks += len(world.people)
        if {one.user.username for one in readers_of(world.sources[source], at)} != names:
            wrong.append(("who", source, at))
    return checks, wrong


def run(factory: SourceFactory, client: Client, settings: Settings, seed: int, size: Size) -> int:
    """Ask half of them before the first wall alone, the others before both."""
    chance, began = random.Random(seed), time.monotonic()  # noqa: S311 - no secret
    world = make_world(factory, chance, size)
    half = size.asked // 2
    checks, wrong = by_rules(world, chance)
    more, told = compared(world, client, world.people[:half], chance, size)
    with as_runtime_role(settings):
        behind, found = compared(world, client, world.people[half : size.asked], chance, size)
    wrong += told + found
    seconds, total = time.monotonic() - began, checks + more + behind
    print(  # noqa: T201 - the figure of the report
        f"\n{total} checks in {seconds:.0f} s: {size.people} people, {size.asked} of them by every "
        f"way, {size.groups} groups, {Grant.objects.count()} grants, {len(world.places)} documents "
        f"in {size.sources} sources, seed {seed}, differences: {len(wrong)}"
    )
    assert wrong == []
    return total


def seed_of_this_run() -> int:
    given = os.environ.get("PLUMBLINE_FUZZ_SEED")
    return int(given) if given else random.SystemRandom().randrange(10**6)


def test_every_way_to_read_shows_what_the_rules_say(
    source_factory: SourceFactory, client: Client, settings: Settings
) -> None:
    size = Size(sources=4, people=60, groups=12, copies=1, asked=10, places=24)
    run(source_factory, client, settings, seed_of_this_run(), size)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_d01_two_thousand_of_everything_in_a_million_checks(
    source_factory: SourceFactory, client: Client, settings: Settings
) -> None:
    size = Size(sources=8, people=2500, groups=250, copies=16, asked=80, places=40)
    assert run(source_factory, client, settings, seed_of_this_run(), size) > 1_000_000
