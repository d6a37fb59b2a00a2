"""reStructuredText: titles before, sections after."""

from __future__ import annotations

from tests.indexer.chunking.expect import fill, outline

TEXT = f"""=====
Guide
=====

{fill("intro words", 40)}
Install
-------

{fill("install words", 40)}
Linux
~~~~~

{fill("linux words", 40)}
Use
---

{fill("use words", 40)}"""


def test_levels_follow_the_order_of_the_underlines() -> None:
    assert outline(TEXT, "restructuredtext") == [
        ("L1-L44", "section", "Guide"),
        ("L46-L88", "section", "Guide > Install"),
        ("L90-L132", "section", "Guide > Install > Linux"),
        ("L134-L176", "section", "Guide > Use"),
    ]


def test_rules_and_short_underlines_are_no_titles() -> None:
    text = "words\n\n-----\n\nA longer title\n---\n"
    assert outline(text, "restructuredtext") == [("L1-L6", "block", "")]
