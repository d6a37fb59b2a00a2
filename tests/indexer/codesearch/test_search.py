"""Code search on real repositories: git grep's lines, the reader's files, an honest certificate."""

from __future__ import annotations

import random
import re

import pytest

from appliance.accounts.models import User
from appliance.sources.access import operator_scope, scope_of
from appliance.sources.granting import set_grant
from indexer.codesearch import files as files_module
from indexer.codesearch.certificate import CodeResult
from indexer.codesearch.query import read_query
from indexer.codesearch.search import search_code
from indexer.models import Source, TrigramSet
from indexer.retrieval import queries
from indexer.scope import Scope
from tests.conftest import RepositoryFactory, SourceFactory
from tests.gitrepos import Repository
from tests.indexer.masking.keys import KINDS

KEY = KINDS["gitlab"](random.Random(7))  # noqa: S311  the same each time
FILES: dict[str, str | bytes | None] = {
    "shop/cart.py": (
        "from shop.tax import rate\n\n\nclass Cart:\n    def total(self):\n"
        "        return sum(self.items) * rate()\n\n\ndef total(items):\n    return sum(items)\n"
    ),
    "shop/tax.py": "def rate():\n    return 1.19\n\n\nRATE = rate()\n",
    "docs/größe.md": "# Größe\n\nThe rate() of the Größe is 1.19, ratE too.\n",
    "web/cart.js": "export class Cart { total() { return rate(); } }\n\n// rate\n",
    "logo.png": b"\x89PNG\r\n\x1a\n\0\0rate()",
    "mark.txt": "MARK THAT ONE FILE HOLDS",  # so that git never ends with "nothing found"
    "shop/keys.py": f"TOKEN = '{KEY}'\nRETRIES = 1\n",
}
PATTERNS = [
    "rate",
    r"rate\(\)",
    r"\brate\b",
    "^def ",
    r"\)$",
    "^$",
    "Gr.ße",
    "class|return",
    "(?i)RATE",
    "[0-9]+\\.[0-9]{2}",
    "x*",
    "t[aeiou]t",
    r"self\.\w+",
    "nowhere at all",
    r"\Afrom",
    "return.*rate|^# G",
]


def found(line: str, scope: Scope | None = None, **limits: float) -> CodeResult:
    query = read_query(line)
    return search_code(query, scope=scope or operator_scope(), **limits)  # type: ignore[arg-type]


def places(result: CodeResult) -> set[str]:
    return {f"{file.path}:{line.line}" for file in result.files for line in file.lines}


def git_grep(repository: Repository, pattern: str, commit: str = "HEAD") -> set[str]:
    """Return path:line of what git itself finds in the files that are indexed unmasked."""
    listing = repository.git_bytes(
        "-c", "core.quotePath=false", "grep", "-I", "-n", "-P",
        "-e", pattern, "-e", "MARK THAT ONE FILE HOLDS", commit, "--", ":!shop/keys.py",
        LC_ALL="C.UTF-8",
    )  # fmt: skip
    matched = (re.match(rf"{commit}:(.+?):(\d+):", line) for line in listing.decode().split("\n"))
    return {f"{one[1]}:{one[2]}" for one in matched if one and one[1] != "mark.txt"}


@pytest.fixture
def repository(repository_factory: RepositoryFactory) -> Repository:
    return repository_factory(FILES, "shop")


@pytest.fixture
def source(source_factory: SourceFactory, repository: Repository) -> Source:
    return source_factory("shop", repository=repository)


def test_lines_are_those_of_git_grep(source: Source, repository: Repository) -> None:
    compared = 0
    for pattern in PATTERNS:
        result = found(f"/{pattern}/ -path:keys -path:mark")
        assert places(result) == git_grep(repository, pattern), pattern
        assert result.certificate.is_complete
        compared += len(places(result))
    assert compared > 40


def test_a_carriage_return_at_the_end_is_no_part_of_a_line(source_factory: SourceFactory) -> None:
    source_factory("windows", {"a.txt": "one rate\r\n\r\nrate\r\n"})
    assert places(found("/rate$|^$/")) == {"a.txt:1", "a.txt:2", "a.txt:3"}


def test_a_match_says_where_it_stands(source: Source, repository: Repository) -> None:
    (file,) = found(r"path:\.md$ Größe is").files
    (line,) = file.lines
    assert (file.source, file.path, file.language) == ("shop", "docs/größe.md", "markdown")
    assert file.commit == repository.git("rev-parse", "HEAD").strip()
    assert (line.line, line.spans) == (3, ((19, 27),))
    assert line.text[18:26] == "Größe is"


@pytest.mark.parametrize(
    ("line", "paths"),
    [
        ("rate() path:^shop/", {"shop/cart.py", "shop/tax.py"}),
        ("rate() -path:^shop/", {"docs/größe.md", "web/cart.js"}),
        ("rate() lang:javascript", {"web/cart.js"}),
        ("rate() lang:python lang:Markdown", {"docs/größe.md", "shop/cart.py", "shop/tax.py"}),
        ("rate() -lang:python", {"docs/größe.md", "web/cart.js"}),
        ("rate() repo:^shop$ path:tax", {"shop/tax.py"}),
        ("rate() repo:other", set()),
        ("rate() -repo:shop", set()),
        ("rate() ref:mai*", {"docs/größe.md", "shop/cart.py", "shop/tax.py", "web/cart.js"}),
        ("rate() ref:v9", set()),
        ("rate() symbol:^total$", {"shop/cart.py", "web/cart.js"}),
        ("symbol:^rate$", {"shop/tax.py"}),
        ("RATE() case:no path:py$", {"shop/cart.py", "shop/tax.py"}),
        ("RATE() case:yes", set()),
    ],
)
def test_filters_narrow(source: Source, line: str, paths: set[str]) -> None:
    assert {file.path for file in found(line).files} == paths


def test_a_symbol_alone_shows_where_it_begins(source: Source) -> None:
    assert places(found("symbol:^total$ path:py$")) == {"shop/cart.py:5", "shop/cart.py:9"}


def test_a_symbol_is_looked_up_within_the_time(source: Source) -> None:
    in_time = found("/./ symbol:^rate$").certificate
    assert (in_time.files_read, in_time.is_complete) == (1, True)  # no other file defines it
    late = found("symbol:.", seconds=0.0)
    assert (late.files, late.certificate.files_read) == ((), 0)
    assert late.certificate.stopped == "time"


def test_the_certificate_says_what_was_searched(source: Source, repository: Repository) -> None:
    certificate = found("rate()").certificate
    (ref,) = certificate.refs
    assert (ref.source, ref.ref, ref.files, ref.masked_files) == ("shop", "main", 6, 1)
    assert ref.commit == repository.git("rev-parse", "HEAD").strip()
    assert ref.skipped == (("binary", 1),)
    assert (certificate.files_searched, certificate.skipped_files) == (6, 1)
    assert certificate.files_read == 4  # the others have no such trigrams
    assert certificate.is_narrowed
    assert certificate.query == '"rate()"'
    scan = found("/./").certificate
    assert (scan.is_narrowed, scan.files_read) == (False, 6)


def test_a_secret_is_not_found_and_its_mask_is(source: Source) -> None:
    assert found(KEY).files == ()
    (file,) = found("/TOKEN/").files
    assert KEY not in file.lines[0].text


def test_a_blob_without_trigrams_is_read(source: Source) -> None:
    before = places(found("rate()"))
    TrigramSet.objects.all().delete()
    again = found("rate()")
    assert places(again) == before
    assert again.certificate.files_read == 6


def test_what_stops_early_says_so(source: Source) -> None:
    few = found("rate", max_lines=2)
    assert (few.line_count, few.certificate.stopped) == (2, "limit")
    assert not few.certificate.is_complete
    exact = found("/class/ path:js", max_lines=1)
    assert (exact.line_count, exact.certificate.stopped) == (1, "")
    late = found("rate", seconds=0.0)
    assert (late.files, late.certificate.stopped) == ((), "time")


def test_a_statement_that_takes_too_long_is_broken_off(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = queries.CODE_FILES.replace(
        "WHERE asked_ref.id = ANY(document.refs) ORDER",
        "WHERE asked_ref.id = ANY(document.refs) AND pg_sleep(30) IS NOT NULL ORDER",
    )
    monkeypatch.setattr(files_module, "CODE_FILES", slow)
    late = found("rate", seconds=0.3)
    assert (late.files, late.certificate.stopped) == ((), "time")
    assert late.certificate.seconds < 20
    assert Source.objects.count() == 1  # the connection goes on


def test_each_ref_is_searched_at_its_own_commit(
    source_factory: SourceFactory, repository_factory: RepositoryFactory
) -> None:
    repository = repository_factory({"a.py": "old = 1\n", "same.py": "both = 1\n"})
    repository.git("tag", "v1")
    repository.commit({"a.py": "new = 1\n"})
    source_factory("shop", repository=repository, refs=("main", "v1"))
    assert found("old").files == ()
    assert places(found("old ref:v1")) == {"a.py:1"}
    (both,) = found("both ref:*").files
    assert set(both.refs) == {"main", "v1"}
    certificate = found("= ref:*").certificate
    assert {(ref.ref, ref.files) for ref in certificate.refs} == {("main", 2), ("v1", 2)}
    assert certificate.files_searched == 3
    assert {ref.ref for ref in found("= ref:* -ref:v1").certificate.refs} == {"main"}


def test_a_rule_for_paths_holds_for_lines_counts_and_skipped_files(
    source_factory: SourceFactory, owner: User, reader: User, outsider: User
) -> None:
    source = source_factory("shop", {**FILES, "secret/bin.dat": b"\0\1\2rate"})
    source_factory("hidden", {"a.py": "rate()\n"}, grant=None)
    whole = found("rate()", scope_of(owner))
    assert whole.certificate.skipped_files == 2
    assert {ref.source for ref in whole.certificate.refs} == {"shop"}
    set_grant("readers", source, "shop", allow=False)
    set_grant("readers", source, "secret", allow=False)
    for person in (owner, reader):
        result = found("rate()", scope_of(person))
        assert {file.path for file in result.files} == {"docs/größe.md", "web/cart.js"}
        (ref,) = result.certificate.refs
        assert (ref.source, ref.files, ref.masked_files) == ("shop", 3, 0)
        assert ref.skipped == (("binary", 1),)
        assert result.certificate.files_searched == 3
        assert found("symbol:^rate$", scope_of(person)).files == ()
        assert found("rate() repo:hidden", scope_of(person)).certificate.refs == ()
    for scope in (scope_of(outsider), Scope()):
        nothing = found("rate()", scope)
        assert (nothing.files, nothing.certificate.refs) == ((), ())
        assert nothing.certificate.files_searched == 0
