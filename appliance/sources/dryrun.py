"""What somebody would see, and who may see a file: rules, paths and counts, never content."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import Group
from django.db.models import Count, Q

from appliance.accounts.models import User
from appliance.sources.access import grants_of
from appliance.sources.models import Grant, in_force
from indexer.models import Document, Ref, Source
from indexer.scope import PathRule, Scope

EXAMPLES = 50  # paths shown of what a proposal changes


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a path may be read, and the rule that says so; none: nothing is readable without."""

    allowed: bool
    grant: Grant | None

    @property
    def sentence(self) -> str:
        return str(self.grant) if self.grant else "no rule matches, and without one nothing is read"


@dataclass(frozen=True, slots=True)
class SourceSeen:
    """One source as a person sees it."""

    source: Source
    readable: int
    total: int
    grants: Sequence[Grant]

    @property
    def is_hidden(self) -> bool:
        return self.source.hidden_at is not None


@dataclass(frozen=True, slots=True)
class PathSeen:
    path: str
    decision: Decision


@dataclass(frozen=True, slots=True)
class Fitting:
    """How many files a rule is about, and of how many."""

    fitting: int
    total: int

    @property
    def fits_none(self) -> bool:
        """Return whether there are files, and it is about none of them."""
        return self.total > 0 and not self.fitting

    @property
    def sentence(self) -> str:
        if not self.total:
            return "The source has no files yet."
        if not self.fits_none:
            return f"It is about {self.fitting:,} of {self.total:,} files."
        return (
            f"None of {self.total:,} files fits it, so it counts for files to come alone. Patterns "
            "begin at the top: **/*.pem is a name in any folder."
        )


@dataclass(frozen=True, slots=True)
class Difference:
    """What a proposed rule, or taking one away, would change for one person in one source."""

    gained: int
    lost: int
    examples: tuple[tuple[str, bool], ...]  # path, whether it would be readable


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who may read a path, and by which rule."""

    user: User
    grant: Grant


class Rules:
    """The rules of one person, ready to decide and to name the grant behind a decision."""

    def __init__(self, grants: Iterable[Grant]) -> None:
        self.grants = tuple(grants)
        self.scope = Scope.from_rules(map(_rule_of, self.grants))
        self._by_rule = {_key(_rule_of(grant)): grant for grant in reversed(self.grants)}

    def decide(self, source_id: int, path: str) -> Decision:
        rule = self.scope.deciding_rule(source_id, path)
        if rule is None:
            return Decision(allowed=False, grant=None)
        return Decision(rule.allow, self._by_rule[_key(rule)])


def _rule_of(grant: Grant) -> PathRule:
    return PathRule(grant.source_id, grant.path_pattern, grant.allow)


def _key(rule: PathRule) -> tuple[int, str, bool]:
    return rule.source_id, rule.pattern.strip("/"), rule.allow


def rules_of(user: User, source: Source | None = None) -> Rules:
    """Return the rules that count for somebody now, of all sources that are shown or of one."""
    grants = grants_of(user).filter(source__hidden_at=None)
    if source is not None:
        grants = grants.filter(source=source)
    return Rules(grants.select_related("group", "user", "source"))


def sources_seen_by(user: User, sources: Iterable[Source]) -> list[SourceSeen]:
    """Return how much of each source somebody may read: files of its default branch."""
    asked = list(sources)
    by_source: dict[int, list[Grant]] = {source.pk: [] for source in asked}
    for grant in grants_of(user).filter(source__in=asked).select_related("group", "user", "source"):
        by_source[grant.source_id].append(grant)
    totals = _totals(asked)
    return [_seen(source, by_source[source.pk], totals.get(source.pk, 0)) for source in asked]


def _seen(source: Source, grants: Sequence[Grant], total: int) -> SourceSeen:
    rules = Rules(grants if source.hidden_at is None else ())
    if source.pk in rules.scope.whole_source_ids:
        readable = total
    elif source.pk in rules.scope.source_ids:
        readable = sum(rules.scope.allows(source.pk, path) for path in _paths(source))
    else:
        readable = 0
    return SourceSeen(source, readable, total, grants)


def _totals(sources: Sequence[Source]) -> Mapping[int, int]:
    refs = Ref.objects.filter(source__in=sources, is_default=True).values_list("pk", flat=True)
    counted = Document.objects.filter(source__in=sources, refs__overlap=list(refs))
    return dict(counted.values_list("source_id").annotate(files=Count("path", distinct=True)))


def paths_seen_by(rules: Rules, source: Source, *, contains: str = "") -> Iterator[PathSeen]:
    """Yield the paths of a source's default branch, each with the rule that decides."""
    for path in _paths(source, contains):
        yield PathSeen(path, rules.decide(source.pk, path))


def _paths(source: Source, contains: str = "") -> Iterator[str]:
    ref = source.refs.filter(is_default=True).first()
    if ref is None:
        return iter(())
    documents = Document.objects.filter(source=source, refs__contains=[ref.pk])
    if contains:
        documents = documents.filter(path__icontains=contains)
    return documents.order_by("path").values_list("path", flat=True).distinct().iterator()


def fitting(grant: Grant) -> Fitting:
    """Count the files of the default branch that a rule is about."""
    rule, paths = _rule_of(grant), list(_paths(grant.source))
    return Fitting(sum(map(rule.matches, paths)), len(paths))


def difference(before: Rules, after: Rules, source: Source) -> Difference:
    """Count what changes between two sets of rules, file by file."""
    gained = lost = 0
    examples: list[tuple[str, bool]] = []
    for path in _paths(source):
        then = after.scope.allows(source.pk, path)
        if then == before.scope.allows(source.pk, path):
            continue
        gained, lost = gained + then, lost + (not then)
        if len(examples) < EXAMPLES:
            examples.append((path, then))
    return Difference(gained, lost, tuple(examples))


def with_proposal(user: User, rules: Rules, proposed: Grant) -> Rules:
    """Return somebody's rules as if a grant were saved; unchanged when it is not about them."""
    if not _is_about(proposed, user):
        return rules
    others = [grant for grant in rules.grants if not _is_same_place(grant, proposed)]
    return Rules([*others, proposed])


def without(rules: Rules, grant: Grant) -> Rules:
    return Rules(other for other in rules.grants if other.pk != grant.pk)


def _is_about(grant: Grant, user: User) -> bool:
    if grant.user_id is not None:
        return grant.user_id == user.pk
    return user.groups.filter(pk=grant.group_id).exists()


def _is_same_place(one: Grant, other: Grant) -> bool:
    """Return whether saving the one would replace the other."""
    if one.imported_by_id is not None:
        return False  # stays beside whatever is made here
    return (one.group_id, one.user_id, one.source_id, one.path_pattern) == (
        other.group_id,
        other.user_id,
        other.source_id,
        other.path_pattern,
    )


def readers_of(source: Source, path: str) -> list[Reader]:
    """Return everyone who may read a path, by name, each with the rule that lets them."""
    if source.hidden_at is not None:
        return []
    grants = _matching(source, path)
    by_group: dict[int, list[Grant]] = {}
    by_user: dict[int, list[Grant]] = {}
    for grant in grants:
        if grant.group_id is not None:
            by_group.setdefault(grant.group_id, []).append(grant)
        elif grant.user_id is not None:
            by_user.setdefault(grant.user_id, []).append(grant)
    members = User.groups.through.objects.filter(group_id__in=by_group)
    for user_id, group_id in members.values_list("user_id", "group_id"):
        by_user.setdefault(user_id, []).extend(by_group[group_id])
    people = User.objects.filter(pk__in=by_user, is_active=True).order_by("username")
    decided = ((user, Rules(by_user[user.pk]).decide(source.pk, path)) for user in people)
    return [Reader(user, one.grant) for user, one in decided if one.allowed and one.grant]


def groups_that_read(source: Source, path: str) -> list[tuple[Group, Decision]]:
    """Return what the rules of each group alone say of a path, groups without a rule left out."""
    by_group: dict[Group, list[Grant]] = {}
    for grant in _matching(source, path):
        if grant.group is not None:
            by_group.setdefault(grant.group, []).append(grant)
    decided = [(group, Rules(grants).decide(source.pk, path)) for group, grants in by_group.items()]
    return sorted(decided, key=lambda pair: pair[0].name)


def _matching(source: Source, path: str) -> list[Grant]:
    grants = Grant.objects.filter(in_force(), source=source)
    grants = grants.select_related("group", "user", "source")
    return [grant for grant in grants if _rule_of(grant).matches(path)]


def sources_for(user: User, contains: str = "") -> list[Source]:
    """Return the sources that any rule of a person is about, by name."""
    ids = set(grants_of(user).values_list("source_id", flat=True))
    return list(Source.objects.filter(Q(name__icontains=contains), pk__in=ids).order_by("name"))
