"""The mode "fix" over real sources with a scripted model: located, patched, checked."""

from __future__ import annotations

import pytest

from appliance.conversations.answering.events import Answered, Event, Prompted, Question
from appliance.conversations.answering.flow import answer
from appliance.conversations.modes import Mode
from appliance.conversations.prompting.packing import Budget
from appliance.sources.operators import scope_for
from indexer import clients
from indexer.models import Source
from inference.fake_server import FakeServer
from inference.testing import Script
from indexer.scope import Scope
from tests.appliance.conversations.conftest import FILES
from tests.conftest import SourceFactory

BUDGET = Budget(window_tokens=4096, prompt_tokens=3000, answer_tokens=512)
TRACE = """Why does this fail?

Traceback (most recent call last):
  File "/srv/app/shop/cart.py", line 7, in add_item
    raise CartFull(item)
shop.cart.CartFull: too many
"""
GOOD = """The limit is off by one [E1].

```diff
--- shop/cart.py
+++ shop/cart.py
@@ -100,3 +100,3 @@
 \"\"\"Add an item to the cart, at most ninety-nine of each.\"\"\"
-    if cart.count(item) >= 99:
+    if cart.count(item) > 99:
        raise CartFull(item)
```
"""


def ask(text: str, scope: Scope | None = None) -> list[Event]:
    question = Question(text, scope or scope_for(None), mode=Mode.FIX)
    return list(answer(question, client=clients.chat, budget=lambda client: BUDGET))


def end_of(events: list[Event]) -> Answered:
    end = events[-1]
    assert isinstance(end, Answered)
    return end


@pytest.fixture
def shop(source_factory: SourceFactory) -> Source:
    return source_factory("shop", FILES)


def test_a_sloppy_diff_becomes_one_that_git_takes(shop: Source, models: FakeServer) -> None:
    models.model.script = Script(text=GOOD)
    end = end_of(ask(TRACE))
    print(end)
    (patch,) = end.patches
    assert patch["state"] == "good"
