"""What changes in a cited repository, and what became of a citation."""

from __future__ import annotations

from collections.abc import Mapping

from appliance.conversations.living.reading import living_answer
from appliance.conversations.models import (
    Message,
)
from appliance.sources.access import scope_of
from indexer.ingestion.inline import sync_now
from indexer.models import Source
from tests.appliance.conversations.conftest import CART
from tests.gitrepos import Repository

ABOVE = CART.replace('"""Shopping carts."""\n', '"""Shopping carts."""\n\nLIMIT = 99\n')
INSIDE = CART.replace("cart.append(item)", "cart.insert(0, item)")
BELOW = CART + "\n\ndef empty(cart):\n    cart.clear()\n"


def state_of(message: Message, handle: str = "E1") -> tuple[str, str, int, int]:
    links = list(message.evidence_links.select_related("evidence__source"))
    living = living_answer(message, links, scope_of(message.thread.owner))
    one = next(one for one in living.citations if one.handle == handle)
    return one.state.value, one.path, one.span.start_line, one.span.end_line


def change(source: Source, repository: Repository, files: Mapping[str, str | bytes | None]) -> None:
    repository.commit(files)
    sync_now(source)
