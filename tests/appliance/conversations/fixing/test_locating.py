"""Frames become lines at the commit: exact, moved with the version, or not at all."""

from __future__ import annotations

import pytest

from appliance.conversations.answering.events import Question
from appliance.conversations.answering.fixing.locating import How, Located, locate_trace
from appliance.conversations.answering.fixing.traces import Frame, Trace
from appliance.sources.operators import scope_for
from indexer.models import Source
from tests.appliance.conversations.conftest import CART, FILES
from tests.conftest import SourceFactory


@pytest.fixture
def shop(source_factory: SourceFactory) -> Source:
    return source_factory("shop", FILES)


def located(*frames: Frame) -> list[Located]:
    return locate_trace(Trace(frames), Question("", scope_for(None)))


def place(frame: Frame) -> tuple[str, int, How] | None:
    found = located(frame)
    return (found[0].hit.path, found[0].line, found[0].how) if found else None


QUOTED = "raise CartFull(item)"


@pytest.mark.parametrize(
    ("frame", "line", "how"),
    [
        (Frame("/srv/app/shop/cart.py", 7, "add_item", QUOTED), 7, How.EXACT),
        (Frame("/srv/app/shop/cart.py", 3, "add_item", QUOTED), 7, How.MOVED),
        (Frame("shop/cart.py", 900, "add_item", QUOTED), 7, How.MOVED),
        (Frame("shop/cart.py", 6, "add_item"), 6, How.EXACT),
        (Frame("shop/cart.py", 12, "add_item"), 4, How.MOVED),
        (Frame("shop/cart.py", 900, "add_item"), 4, How.MOVED),
        (Frame("shop/cart.py", 7, "add_item", "gone = True"), 7, How.MOVED),
        (Frame("shop/cart.py", 7), 7, How.UNPROVEN),
        (Frame("C:\\build\\shop\\cart.py", 6, "add_item"), 6, How.EXACT),
        (Frame("cart.py", 6, "add_item"), 6, How.EXACT),
    ],
)  # fmt: skip
def test_a_frame_is_found(shop: Source, frame: Frame, line: int, how: How) -> None:
    assert place(frame) == ("shop/cart.py", line, how)


@pytest.mark.parametrize(
    "frame",
    [
        Frame("shop/cart.py", 900),
        Frame("shop/cart.py", 7, "", "gone = True"),
        Frame("/usr/lib/python3/other/cart.py", 7),
        Frame("/usr/lib/python3/other/cart.py", 900, "add_item"),
        Frame("../../../etc/passwd", 1),
        Frame("nothing.py", 1),
        Frame("\x00", 1),
        Frame("/", 1),
        Frame("%", 1),
    ],
)
def test_what_is_not_the_file_is_left_out(shop: Source, frame: Frame) -> None:
    assert place(frame) is None


def test_a_place_grows_to_its_definition(shop: Source) -> None:
    (found,) = located(Frame("shop/cart.py", 7, "add_item", QUOTED))
    assert (found.hit.symbol, str(found.hit.span)) == ("add_item", "L4-L9")
    assert found.hit.text == "\n".join(CART.split("\n")[3:9])
    assert found.code.strip() == QUOTED


def test_each_place_is_named_once(shop: Source) -> None:
    assert len(located(*[Frame("shop/cart.py", 7, "add_item", QUOTED)] * 30)) == 1


def test_of_two_files_with_the_same_end_none_is_guessed(source_factory: SourceFactory) -> None:
    source_factory("shop", {"a/cart.py": CART, "b/cart.py": CART})
    assert place(Frame("cart.py", 6, "add_item")) is None
    assert place(Frame("/x/b/cart.py", 6, "add_item")) == ("b/cart.py", 6, How.EXACT)
