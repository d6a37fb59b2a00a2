"""Documents by the end of their path: the longest end wins, and only what may be read is there."""

from __future__ import annotations

import pytest

from indexer.models import Source
from indexer.retrieval.named_files import named_files
from indexer.scope import PathRule, Scope
from tests.conftest import SourceFactory

FILES = {
    "shop/cart.py": "a = 1\n",
    "mill/cart.py": "b = 1\n",
    "main.py": "c = 1\n",
    "secret/vault.py": "d = 1\n",
}


@pytest.fixture
def source(source_factory: SourceFactory) -> Source:
    return source_factory("shop", FILES)


def ending_like(path: str, scope: Scope) -> list[str]:
    return [file.path for file in named_files([path], scope=scope).ending_like(path)]


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/srv/app/shop/cart.py", ["shop/cart.py"]),
        ("C:\\app\\mill\\cart.py", ["mill/cart.py"]),
        ("./shop/cart.py", ["shop/cart.py"]),
        ("shop/shop/cart.py", ["shop/cart.py"]),
        ("cart.py", ["mill/cart.py", "shop/cart.py"]),
        ("elsewhere/cart.py", ["mill/cart.py", "shop/cart.py"]),
        ("main.py", ["main.py"]),
        ("xmain.py", []),
        ("shop", []),
        ("", []),
        ("/", []),
        ("main.p_", []),
        ("%", []),
        ("main.py\0", []),
    ],
)
def test_the_longest_end_wins(source: Source, path: str, found: list[str]) -> None:
    assert ending_like(path, Scope(frozenset({source.pk}))) == found


def test_what_may_not_be_read_is_not_there(source: Source) -> None:
    rules = (PathRule(source.pk, "", True), PathRule(source.pk, "secret/", False))
    assert ending_like("secret/vault.py", Scope.from_rules(rules)) == []
    assert ending_like("secret/vault.py", Scope()) == []
    assert ending_like("secret/vault.py", Scope(frozenset({source.pk}))) == ["secret/vault.py"]
