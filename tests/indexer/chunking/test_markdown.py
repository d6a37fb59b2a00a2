"""Markdown: headings before, sections after."""

from __future__ import annotations

import pytest

from tests.indexer.chunking.expect import chunk_at, fill, outline

TEXT = f"""---
title: x
---
# Guide
{fill("intro words", 40)}
## Install
{fill("install words", 40)}
### Linux
{fill("linux words", 40)}
Use
===
{fill("use words", 40)}"""


def test_sections_are_named_by_their_headings() -> None:
    assert outline(TEXT, "markdown") == [
        ("L1-L44", "section", "Guide"),
        ("L46-L86", "section", "Guide > Install"),
        ("L88-L128", "section", "Guide > Install > Linux"),
        ("L130-L171", "section", "Use"),
    ]


def test_a_section_has_its_parents_as_context() -> None:
    assert chunk_at(TEXT, "markdown", 100).context == "Guide\nInstall"


def test_small_sections_share_a_chunk() -> None:
    assert outline("# A\na\n## B\nb\n## C\nc\n", "markdown") == [("L1-L6", "section", "A")]


@pytest.mark.parametrize(
    "text",
    [
        "```sh\n# not a heading\n```\n",
        "~~~\n# not a heading\n```\n# nor this\n~~~\n",
        "    # code by indentation\n",
        "#hashtag\n",
        "- list\n---\n",
        "| a |\n---\n",
        "\n---\n",
    ],
)
def test_what_only_looks_like_a_heading_names_nothing(text: str) -> None:
    assert {symbol for _, _, symbol in outline(text, "markdown")} == {""}
