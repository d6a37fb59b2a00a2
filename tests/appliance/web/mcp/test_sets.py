"""Tools that look in a named set of sources: in its part of what the token reads, and nothing else."""

from __future__ import annotations

import pytest

from appliance.accounts.models import User
from appliance.sources.models import SourceSet
from indexer.models import Source
from tests.appliance.web.mcp.conftest import call, token_of, values, words

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]

LOOKING = {
    "search": {"query": "How many items may a cart hold?"},
    "search_code": {"query": "add_item"},
    "definitions": {"name": "add_item"},
    "references": {"name": "CartFull"},
    "ask": {"question": "How many items may a cart hold?"},
}


def make_set(owner: User, name: str, source: Source, path: str) -> None:
    SourceSet.objects.create(owner=owner, name=name).parts.create(source=source, path=path)


def found_in(result: dict[str, object]) -> int:
    [count] = [
        len(value)  # type: ignore[arg-type]  # of these names each is a list
        for name, value in result.items()
        if name in {"hits", "files", "definitions"}
    ]
    return count


def test_a_set_holds_what_tools_look_in(address: str, shop: Source, reader: User) -> None:
    make_set(reader, "cart", shop, "shop")
    make_set(reader, "elsewhere", shop, "nowhere")
    token = token_of(reader)
    for tool in ("search", "search_code", "definitions", "references"):
        inside = values(call(address, token, tool, **LOOKING[tool], set="cart"))
        outside = values(call(address, token, tool, **LOOKING[tool], set="elsewhere"))
        assert found_in(inside) > 0, tool
        assert found_in(outside) == 0, tool


def test_the_sets_of_a_person_are_listed_and_no_others(
    address: str, shop: Source, reader: User, outsider: User
) -> None:
    make_set(reader, "cart", shop, "shop")
    make_set(outsider, "theirs", shop, "shop")
    assert values(call(address, token_of(reader), "list_sources"))["sets"] == ["cart"]


@pytest.mark.parametrize("tool", LOOKING)
def test_a_set_of_somebody_else_answers_as_one_that_is_not_there(
    address: str, shop: Source, reader: User, outsider: User, tool: str
) -> None:
    make_set(outsider, "theirs", shop, "shop")
    token = token_of(reader)
    answers = []
    for name in ("theirs", "nothing"):
        result = call(address, token, tool, **LOOKING[tool], set=name)
        assert result.is_error, tool
        answers.append(words(result).replace(name, "NAME"))
    assert answers[0] == answers[1]


def test_a_set_opens_nothing(address: str, shop: Source, outsider: User) -> None:
    make_set(outsider, "mine", shop, "shop")
    result = call(address, token_of(outsider), "search", **LOOKING["search"], set="mine")
    assert result.is_error
    assert "holds nothing that may be read" in words(result)


@pytest.mark.parametrize("name", ["a\0b", "x" * 101, "' OR 1=1 --"])
def test_hostile_names_are_refused(address: str, shop: Source, reader: User, name: str) -> None:
    assert call(address, token_of(reader), "search", **LOOKING["search"], set=name).is_error
