"""What one person may read: the table of patterns, and the same answer from Python and SQL."""

from __future__ import annotations

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer.models import Blob, Document, Ref, Source
from indexer.retrieval.queries import Visibility, documents_of
from indexer.scope import PathRule, Scope

GLOBS = [
    ("", "any/file.py", True),
    ("/", "any/file.py", True),
    ("docs", "docs/a/b.md", True),
    ("docs/", "docs/a/b.md", True),
    ("/docs/", "docs/a.md", True),
    ("docs", "docs", True),
    ("docs", "docs2/a.md", False),
    ("docs", "src/docs/a.md", False),
    ("docs", "Docs/a.md", False),
    ("*.py", "a.py", True),
    ("*.py", "src/a.py", False),
    ("*.py", "a.pyc", False),
    ("*.py", "axpy", False),
    ("src/*.py", "src/a.py", True),
    ("src/*.py", "src/deep/a.py", False),
    ("src/*", "src/deep/a.py", True),  # the folder src/deep matches, and what is below it
    ("**/*.py", "a.py", True),
    ("**/*.py", "src/deep/a.py", True),
    ("src/**/test.py", "src/test.py", True),
    ("src/**/test.py", "src/a/b/test.py", True),
    ("src/**/test.py", "src/mytest.py", False),
    ("src/**", "src/a/b.py", True),
    ("src/**", "source/a.py", False),
    ("a**/b", "ab", False),
    ("a**/b", "ax/y/b", True),
    ("**", "any/file.py", True),
    ("?.py", "a.py", True),
    ("?.py", "ab.py", False),
    ("a?b", "a/b", False),
    ("a.b", "axb", False),
    ("(a|b)", "a", False),
    ("(a|b)", "(a|b)", True),
    ("[ab]", "a", False),
    ("a+", "aa", False),
    ("über/straße", "über/straße/x.md", True),
    ("日*", "日本/x.md", True),
    ('it\'s "q"\\n', 'it\'s "q"\\n', True),
]


def rule(pattern: str, *, allow: bool = True, source_id: int = 1) -> PathRule:
    return PathRule(source_id, pattern, allow)


@pytest.mark.parametrize(("pattern", "path", "expected"), GLOBS)
def test_a_pattern_matches_these_paths(pattern: str, path: str, expected: bool) -> None:
    assert Scope.from_rules([rule(pattern)]).allows(1, path) is expected


def test_nothing_is_readable_without_a_rule() -> None:
    assert not Scope().allows(1, "a.py")
    assert not Scope.from_rules([rule("docs")]).allows(1, "src/a.py")
    assert not Scope.from_rules([rule("")]).allows(2, "a.py")
    assert Scope().source_ids == frozenset()


def test_a_denial_alone_opens_nothing() -> None:
    scope = Scope.from_rules([rule("secret", allow=False)])
    assert not scope.allows(1, "open.py")
    assert scope.source_ids == frozenset()


def test_the_most_specific_rule_decides() -> None:
    scope = Scope.from_rules(
        [rule(""), rule("secret", allow=False), rule("secret/readme.md"), rule("**/*", allow=True)]
    )
    assert scope.allows(1, "src/a.py")
    assert not scope.allows(1, "secret/key.pem")
    assert scope.allows(1, "secret/readme.md")


def test_among_equally_specific_rules_the_denial_decides() -> None:
    assert not Scope.from_rules([rule("docs"), rule("docs/", allow=False)]).allows(1, "docs/a")
    assert not Scope.from_rules([rule(""), rule("", allow=False)]).allows(1, "docs/a")


def test_narrowing_never_adds_a_source() -> None:
    scope = Scope.from_rules([rule(""), rule("docs", source_id=2)])
    narrowed = scope.narrowed_to([2, 3])
    assert narrowed.source_ids == {2}
    assert not narrowed.allows(1, "a.py")
    assert not narrowed.allows(3, "a.py")
    assert narrowed.allows(2, "docs/a.md")
    assert not narrowed.allows(2, "src/a.py")


PIECES = st.sampled_from(["docs", "e\u0301", *"abAé日ß😀_-.+*?[](){}|\\^$'\"%#&~!,;:=@<> "])
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=6).map(
    lambda text: text.replace("/", "a")
)
NAMES = st.lists(PIECES, min_size=1, max_size=3).map("".join) | ANY_TEXT
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)
WILDCARDS = st.sampled_from(["*", "**", "**/", "?", "/", "//", "***", "?*"])
PATTERNS = st.lists(NAMES | WILDCARDS | st.just("/"), max_size=6).map("".join) | PATHS


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    paths=st.lists(PATHS, min_size=1, max_size=8, unique=True),
    data=st.data(),
)
def test_the_database_sees_what_the_scope_allows(
    db: None, paths: list[str], data: st.DataObject
) -> None:
    # Patterns that are near the paths, or most rules would match nothing.
    near = st.sampled_from(paths).flatmap(
        lambda path: st.sampled_from([path, path.rpartition("/")[0], path[:-1] + "*", "**/" + path])
    )
    with transaction.atomic():
        sources = [
            Source.objects.create(name=f"s{number}", kind="remote", location="https://x/y")
            for number in range(2)
        ]
        blob = Blob.objects.create(oid="0" * 40, size_bytes=1)
        for source in sources:
            ref = Ref.objects.create(
                source=source,
                name="main",
                is_default=True,
                commit="0" * 40,
                committed_at="2026-01-01T00:00Z",
            )
            Document.objects.bulk_create(
                Document(source=source, path=path, blob=blob, refs=[ref.pk], role="source")
                for path in paths
            )
        rules = data.draw(
            st.lists(
                st.builds(
                    PathRule,
                    st.sampled_from([source.pk for source in sources]),
                    near | PATTERNS,
                    st.booleans(),
                ),
                max_size=5,
            )
        )
        scope = Scope.from_rules(rules)
        shown = {
            (document.source_id, document.path)
            for document in documents_of(Visibility(scope), blob_ids=[blob.pk])
        }
        transaction.set_rollback(True)
    assert shown == {
        (source.pk, path) for source in sources for path in paths if scope.allows(source.pk, path)
    }


RULED = PathRule(3, "docs/", True)


@pytest.mark.parametrize(
    ("now", "before", "covers"),
    [
        (Scope(), Scope(), True),
        (Scope(frozenset({1, 2})), Scope(frozenset({1})), True),
        (Scope(frozenset({1})), Scope(frozenset({1, 2})), False),
        (Scope(frozenset({3})), Scope(rules=(RULED,)), True),
        (Scope(rules=(RULED,)), Scope(frozenset({3})), False),
        (Scope(rules=(RULED,)), Scope(rules=(RULED,)), True),
        (Scope(rules=(RULED, PathRule(3, "docs/x", False))), Scope(rules=(RULED,)), False),
        (Scope(), Scope(rules=(PathRule(3, "docs/", False),)), True),  # it opened nothing
    ],
)
def test_a_scope_covers_what_surely_lies_in_it(now: Scope, before: Scope, covers: bool) -> None:
    assert now.covers(before) is covers


ONE = Scope(frozenset({1}))


@pytest.mark.parametrize(
    ("now", "before", "covers"),
    [
        (ONE.within([(1, "a")]), ONE.within([(1, "a"), (1, "b")]), False),
        (ONE.within([(1, "a"), (1, "b")]), ONE.within([(1, "a")]), True),
        (ONE.within([(1, "a")]), ONE.within([(1, "a/b")]), True),
        (ONE.within([(1, "a/b")]), ONE.within([(1, "a")]), False),
        (ONE.within([(1, "a")]), ONE.within([(1, "ab")]), False),
        (ONE.within([(1, "")]), ONE, True),
        (Scope(frozenset({1, 2})).within([(2, "a")]), ONE, True),  # another source is not asked for
    ],
)
def test_a_scope_covers_folders_that_lie_in_its_own(
    now: Scope, before: Scope, covers: bool
) -> None:
    assert now.covers(before) is covers


SOURCES = st.integers(1, 2)
FEW_PATHS = st.sampled_from(["", "a", "a/b", "a/b/c", "ab", "b"])


@st.composite
def scopes(draw: st.DrawFn) -> Scope:
    rules = draw(st.lists(st.builds(PathRule, SOURCES, FEW_PATHS, st.booleans()), max_size=4))
    return Scope.from_rules(rules).within(draw(st.lists(st.tuples(SOURCES, FEW_PATHS), max_size=3)))


@settings(max_examples=2000, deadline=None)
@given(now=scopes(), before=scopes())
def test_what_a_covered_scope_allows_is_allowed(now: Scope, before: Scope) -> None:
    if now.covers(before):
        for source_id in (1, 2):
            for path in ("x", "a/x", "a/b/x", "a/b/c", "ab/x", "b"):
                assert now.allows(source_id, path) or not before.allows(source_id, path)
