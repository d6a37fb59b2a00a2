"""A company at random: people, groups, sources of real repositories, and rules of every kind."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from django.contrib.auth.models import Group
from django.utils import timezone

from appliance.accounts.models import User
from appliance.sources.models import CodeHost, Grant, HostAccess
from indexer.models import Document, SharedCredential, Source
from tests.appliance.access.oracle import Rule, may_read
from tests.conftest import SourceFactory

FOLDERS = ["", "docs/", "docs/api/", "src/", "src/core/", "src/core/deep/", "vault/", "vault/keys/"]
COMMON = "lighthouse"  # stands in every document
WILD = ["**", "*", "**/*.py", "src/**", "*/core", "**/keys", "docs/*", "v?ult", "**/d*", "src/**/*"]
HIDDEN = "withdrawn"


@dataclass(frozen=True)
class Size:
    """How large a company is made, and how much of it is asked for."""

    sources: int
    people: int
    groups: int
    copies: int  # of two files in each folder
    asked: int  # people who go every way
    places: int  # of each person's own choice, where every place is a question of its own


@dataclass(frozen=True)
class Place:
    """One document, with the word that stands in no other content."""

    source: str
    path: str
    word: str


@dataclass
class World:
    places: list[Place]
    sources: dict[str, Source]
    people: list[User]
    blobs: dict[tuple[str, str], int]  # by place
    rules: dict[int, list[Rule]] = field(default_factory=dict)  # by person

    def readable(self, user: User, places: Sequence[Place] = ()) -> set[tuple[str, str]]:
        """Ask the oracle, of all places or of these."""
        by_source: dict[str, list[Rule]] = {source: [] for source in self.sources}
        for rule in self.rules[user.pk]:
            by_source[rule.source].append(rule)
        return {
            (one.source, one.path)
            for one in places or self.places
            if may_read(user.is_active, {HIDDEN}, by_source[one.source], one.source, one.path)
        }

    def some(self, chance: random.Random, count: int) -> list[Place]:
        """Choose places at random, all of them when there are no more; whole words: with a content
        come all the places where it stands."""
        if count >= len(self.places):
            return self.places
        words = {one.word for one in chance.sample(self.places, count)}
        return [one for one in self.places if one.word in words]

    def named(self, user: User) -> set[str]:
        """Return the sources that a person may be told of: in which a rule of theirs opens what no
        denial of the same paths closes. Of a hidden one they learn that it is hidden."""
        rules = [rule for rule in self.rules[user.pk] if user.is_active and not rule.is_over]
        denied = {(rule.source, rule.pattern.strip("/")) for rule in rules if not rule.allow}
        opened = {(rule.source, rule.pattern.strip("/")) for rule in rules if rule.allow}
        everything = set(self.sources) if user.is_staff else set()
        return {source for source, _ in opened - denied} | everything

    def words(self, shown: set[tuple[str, str]]) -> set[str]:
        """Return the words of all contents that stand at these places."""
        return {one.word for one in self.places if (one.source, one.path) in shown}


def make_world(factory: SourceFactory, chance: random.Random, size: Size) -> World:
    """Make it; documents of the first two sources are the same, byte for byte."""
    names = [HIDDEN, *(f"source{number}" for number in range(size.sources - 1))]
    places: list[Place] = []
    made = {}
    for number, name in enumerate(names):
        twin = names[1] if number == 2 else name  # the twin holds the contents of the other
        of_source = [
            Place(name, f"{folder}p{at}{end}", f"canary_{twin}_{index}x{at}")
            for index, folder in enumerate(FOLDERS)
            for at, end in (
                (at, ".md" if at % 2 == 0 else ".py") for at in range(1, 2 * size.copies + 1)
            )
        ]
        made[name] = factory(name, {one.path: _text(one) for one in of_source}, grant=None)
        places += of_source
    Source.objects.filter(name=HIDDEN).update(hidden_at=timezone.now())
    made[HIDDEN].refresh_from_db()
    assert Document.objects.count() == len(places)
    stand = Document.objects.values_list("source__name", "path", "blob_id")
    blobs = {(source, path): blob for source, path, blob in stand}
    world = World(places, made, _people(chance, size), blobs)
    _grant(world, chance, 4 * size.people)
    return world


def _text(place: Place) -> str:
    if place.path.endswith(".md"):
        return f"# {COMMON}\n\nThe word is {place.word}.\n"
    return f"def {COMMON}():\n    return {place.word}()\n"


def _people(chance: random.Random, size: Size) -> list[User]:
    groups = Group.objects.bulk_create(Group(name=f"group{at}") for at in range(size.groups))
    people = User.objects.bulk_create(
        User(
            username=f"person{number}",
            password="!",
            is_active=number % 10 != 9,
            is_staff=number % 10 == 8,
        )
        for number in range(size.people)
    )
    through = User.groups.through
    through.objects.bulk_create(
        through(user_id=user.pk, group_id=group.pk)
        for number, user in enumerate(people)
        for group in (chance.sample(groups, chance.randint(0, 4)) if number % 10 else [])
    )
    return people


def _imported(grant: Grant) -> Grant:
    """Return a rule for the same paths by the word of the source's host, with the other verdict."""
    host = CodeHost.objects.first()
    if host is None:
        credential = SharedCredential.objects.create(name="asker", sealed=b"")
        host = CodeHost.objects.create(
            kind=CodeHost.Kind.GITLAB, address="https://git.example.com", credential=credential
        )
    access, _ = HostAccess.objects.get_or_create(source=grant.source, host=host)
    return Grant(
        group=grant.group,
        user=grant.user,
        source=grant.source,
        path_pattern=grant.path_pattern,
        allow=not grant.allow,
        expires_at=grant.expires_at,
        imported_by=access,
    )


def _grant(world: World, chance: random.Random, count: int) -> None:
    now = timezone.now()
    groups = list(Group.objects.all())
    rows: dict[tuple[object, str, str], Grant] = {}
    for _ in range(count):
        holder: Group | User = (
            chance.choice(groups) if chance.random() < 0.3 else chance.choice(world.people)
        )
        source, pattern = chance.choice(list(world.sources)), _pattern(chance, world.places)
        ends = chance.choice([None, None, None, timedelta(days=1), timedelta(seconds=-1)])
        rows[holder, source, pattern] = Grant(
            group=holder if isinstance(holder, Group) else None,
            user=holder if isinstance(holder, User) else None,
            source=world.sources[source],
            path_pattern=pattern,
            allow=chance.random() < 0.65,
            expires_at=now + ends if ends else None,
        )
    # What a code host brings stands beside the rules of people, and says something else.
    by_hosts = {
        (whose, source, pattern): _imported(grant)
        for (whose, source, pattern), grant in rows.items()
        if chance.random() < 0.15
    }
    Grant.objects.bulk_create([*rows.values(), *by_hosts.values()])
    meant: dict[object, list[Rule]] = {}
    for (whose, source, pattern), grant in [*rows.items(), *by_hosts.items()]:
        is_over = grant.expires_at is not None and grant.expires_at < now
        rule = Rule(source, pattern, grant.allow, is_over)
        meant.setdefault(whose, []).append(rule)
    for user in User.objects.prefetch_related("groups"):
        holders: Sequence[object] = [user, *user.groups.all()]
        world.rules[user.pk] = [rule for one in holders for rule in meant.get(one, [])]


def _pattern(chance: random.Random, places: list[Place]) -> str:
    kind = chance.random()
    if kind < 0.25:
        return ""
    if kind < 0.5:
        return chance.choice(WILD)
    path = chance.choice(places).path
    if kind < 0.7:
        return path.rpartition("/")[0] + chance.choice(["", "/"])
    if kind < 0.85:
        return path
    letters = list(path)
    letters[chance.randrange(len(letters))] = chance.choice(["*", "?", "**"])
    return "".join(letters)
