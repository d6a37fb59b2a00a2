"""Which mode questions suggest: measured on a table of questions as people ask them."""

from __future__ import annotations

import time

import pytest

from appliance.conversations.answering.choosing import chosen_for, mode_of
from appliance.conversations.answering.flow import ANSWERINGS
from appliance.conversations.modes import AUTO, Mode, choices

PYTHON_TRACE = """Why?
Traceback (most recent call last):
  File "shop/cart.py", line 12, in add_item
    cart.append(item)
AttributeError: 'NoneType' object has no attribute 'append'
"""
JAVA_TRACE = """java.lang.NullPointerException: cart
    at com.shop.Cart.add(Cart.java:12)
    at com.shop.Main.main(Main.java:3)
"""
NODE_TRACE = """TypeError: Cannot read properties of undefined (reading 'push')
    at addItem (/srv/shop/cart.js:12:8)
"""
GO_TRACE = """panic: runtime error: index out of range [3] with length 3

goroutine 1 [running]:
main.add(...)
        /srv/shop/cart.go:12 +0x1d
"""
RUST_TRACE = "thread 'main' panicked at src/cart.rs:12:9:\nindex out of bounds"
FENCED = """This fails:

```python
def add_item(cart, item):
    return cart.push(item)
```
"""
COMPILER = """error[E0308]: mismatched types
  --> src/cart.rs:12:9
"""
CODE_THAT_WORKS = """What does this do?

```python
def add_item(cart, item):
    return cart.append(item)
```
"""

TABLE = {
    "How does add_item add an item to the cart?": Mode.ANSWER,
    "Where is the timeout set?": Mode.ANSWER,
    "What is CartFull?": Mode.ANSWER,
    "add_item": Mode.ANSWER,
    "Which errors can the client raise?": Mode.ANSWER,
    "How are errors handled in shop?": Mode.ANSWER,
    "What happens when a login fails?": Mode.ANSWER,
    "Where is the fixture for users?": Mode.ANSWER,
    "What is the default of max_retries": Mode.ANSWER,
    "Who wrote the parser?": Mode.ANSWER,
    "How do I configure the cache and the queue?": Mode.ANSWER,
    "Is there a test for the price of an empty cart?": Mode.ANSWER,
    "Explain the retry policy": Mode.ANSWER,
    CODE_THAT_WORKS: Mode.ANSWER,
    "How does a request flow from the view to the database?": Mode.PAIR,
    "How does an order get from checkout to the invoice?": Mode.PAIR,
    "What would break if I renamed add_item?": Mode.PAIR,
    "What else could be affected by a change of Cart.total?": Mode.PAIR,
    "Trace a login through the code": Mode.PAIR,
    "Walk me through the sync of a source": Mode.PAIR,
    "Where is the currency handled across the services?": Mode.PAIR,
    "Compare the two cache backends": Mode.PAIR,
    "What is the difference between Cart and Basket?": Mode.PAIR,
    "Where is the limit set, and where is it checked?": Mode.PAIR,
    "Who calls reserve_stock and what happens when it fails?": Mode.PAIR,
    "What is a parcel? Who makes one?": Mode.PAIR,
    "I need to know:\n- where prices come from\n- who rounds them": Mode.PAIR,
    "Find every caller of open_vault": Mode.PAIR,
    PYTHON_TRACE: Mode.FIX,
    JAVA_TRACE: Mode.FIX,
    NODE_TRACE: Mode.FIX,
    GO_TRACE: Mode.FIX,
    RUST_TRACE: Mode.FIX,
    FENCED: Mode.FIX,
    COMPILER: Mode.FIX,
    "Fix the off-by-one in the cart limit": Mode.FIX,
    "Please repair the rounding in Cart.total": Mode.FIX,
    "KeyError: 'sku'\nwhen I add an item": Mode.FIX,
}


@pytest.mark.parametrize("question", TABLE, ids=lambda text: text[:40])
def test_a_question_suggests_its_mode(question: str) -> None:
    assert chosen_for(question, tuple(Mode)) is TABLE[question]


@pytest.mark.parametrize("question", TABLE, ids=lambda text: text[:40])
def test_no_mode_is_chosen_that_there_is_not(question: str) -> None:
    assert chosen_for(question, (Mode.ANSWER,)) is Mode.ANSWER
    assert chosen_for(question) in ANSWERINGS


@pytest.mark.parametrize(
    "text",
    [
        "how does " + "a" * 20_000,
        "at " * 20_000,
        "from a through " * 5000,
        "what would " * 5000,
        "\tx\n" * 20_000,
        "Who calls " * 3000,
        " " * 20_000,
        ("x" * 299 + ";") * 100,
    ],
    ids=range(8),
)
def test_a_hostile_question_takes_no_time(text: str) -> None:
    started = time.thread_time()
    chosen_for(text, tuple(Mode))
    assert time.thread_time() - started < 2.0


def test_what_a_person_chooses_counts_more_than_the_question() -> None:
    assert mode_of("answer", "Trace a login through the code") is Mode.ANSWER
    assert mode_of(AUTO, "Trace a login through the code") is Mode.PAIR


def test_only_modes_that_there_are_can_be_chosen() -> None:
    assert [one.value for one in choices([Mode.ANSWER, Mode.PAIR])] == ["auto", "answer", "pair"]
