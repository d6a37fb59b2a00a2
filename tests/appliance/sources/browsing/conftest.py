"""A source with a past: renames, a secret, a folder that some may not read, and odd files."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from indexer.models import Source
from tests.conftest import RepositoryFactory, SourceFactory

KEY = "glpat-Zz9Qw8Er7Ty6Ui5Op4As"  # in the form of a GitLab token
CART = 'from shop.tax import rate\n\n\ndef add(cart, item):\n    return cart\n\n\nclass Cart:\n    """A cart."""\n\n    def total(self):\n        return rate()\n'
FILES: dict[str, str | bytes | None] = {
    "README.md": "# Shop\n\nSee [the cart](shop/cart.py), [elsewhere](https://evil.example/x) and\n"
    "[a script](javascript:alert(1)). ![logo](https://evil.example/l.png)\n\n<img src=x onerror=a()>\n",
    "shop/basket.py": CART,
    "shop/tax.py": f'TOKEN = "{KEY}"\n\n\ndef rate():\n    return 1\n',
    "shop/deep/er/still.py": "from shop.tax import rate\n\nprint(rate())\n",
    "vault/keys.py": "def open_safe():\n    return 4711\n",
    "logo.png": b"\x89PNG\r\n\x1a\n" + bytes(64),
    "odd [é] %2e?.py": "odd = 1\n",
}


@dataclass(frozen=True)
class Shop:
    """A source, and its commits from the first to the live one."""

    source: Source
    commits: list[str]

    @property
    def commit(self) -> str:
        return self.commits[-1]

    def at(self, view: str, path: str, commit: str = "") -> str:
        return f"/{view}/shop/{commit or self.commit}/{path}"


@pytest.fixture
def shop(source_factory: SourceFactory, repository_factory: RepositoryFactory) -> Shop:
    """Follow main, and release/1 from before the last two commits."""
    repository = repository_factory(FILES, "shop")
    (repository.path / "link.py").symlink_to("/etc/passwd")
    repository.git("branch", "release/1")
    moved = CART.replace("return cart", "return [*cart, item]")
    repository.commit({"shop/basket.py": None, "shop/cart.py": moved}, "Call it a cart")
    renewed = str(FILES["shop/tax.py"]).replace("As", "Bt").replace("return 1", "return 2")
    repository.commit(
        {"shop/tax.py": renewed}, f"Raise the rate, not {KEY}\n\nAs in vault/keys.py."
    )
    source = source_factory("shop", repository=repository, refs=("main", "release/*"))
    return Shop(source, repository.commits)
