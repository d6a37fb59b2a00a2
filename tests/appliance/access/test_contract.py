"""docs/access.md names every address and command, and the filter stands inside each statement."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import get_commands
from django.db import connection
from django.urls import get_resolver

from indexer.models import Source
from indexer.retrieval import queries
from indexer.retrieval.queries import Visibility
from indexer.scope import PathRule, Scope
from tests.conftest import SourceFactory

PAGE = Path(__file__).resolve().parents[3] / "docs/access.md"
STATEMENTS = sorted(
    name
    for name, value in vars(queries).items()
    if name.isupper() and isinstance(value, str) and not name.startswith("_")
)


def addresses(patterns: Iterable[Any], before: str = "") -> Iterator[str]:
    for pattern in patterns:
        here = before + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from addresses(pattern.url_patterns, here)
        else:
            yield here


def named() -> set[str]:
    table = PAGE.read_text("utf-8").partition("## Addresses")[2].partition("## The command")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| ")]
    return {name for row in rows for name in re.findall(r"`([^`]*)`", row)} | {""}


def test_every_address_is_named() -> None:
    known = named()
    whole = tuple(name.removesuffix("*") for name in known if name.endswith("*"))
    found = set(addresses(get_resolver().url_patterns))
    assert {one for one in found if one not in known and not one.startswith(whole)} == set()
    assert {one for one in known if not one.endswith("*")} - found == set()


def test_every_command_is_named() -> None:
    text = PAGE.read_text("utf-8").partition("## The command line")[2]
    ours = {name for name, app in get_commands().items() if "appliance" in str(app)}
    assert {name for name in ours if f"`{name}`" not in text} == set()


def test_every_statement_of_search_begins_with_the_filter() -> None:
    assert len(STATEMENTS) >= 12
    for name in STATEMENTS:
        statement = str(vars(queries)[name])
        assert statement.startswith(queries._VISIBLE), name
        assert re.search(r"\bvisible\b", statement.removeprefix(queries._VISIBLE)), name


@pytest.mark.django_db
def test_the_plan_shows_the_rules_inside_the_scan(source_factory: SourceFactory) -> None:
    source: Source = source_factory("shop", {"a.py": "def a():\n    return 1\n"})
    rules = (PathRule(source.pk, "", True), PathRule(source.pk, "vault/*", False))
    parameters = Visibility(Scope(rules=rules)).parameters()
    asked = {"blob_ids": [1], "document_ids": []}
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (VERBOSE) {queries.DOCUMENTS}", parameters | asked)
        plan = "\n".join(line for (line,) in cursor.fetchall())
    scan = plan[plan.index("indexer_document") :]
    assert re.search(r"Filter: .*(SubPlan|source_id = ANY)", scan)
    assert "starts_with" in plan
