"""Pairs from documentation: headings and first sentences ask for what stands below them."""

from __future__ import annotations

from inference.training.sections import section_pairs

MARKDOWN = """# The cache

## Invalidation

Entries leave the cache when their file changes on disk. The watcher compares sizes and times of
every file twice a minute, and a change in either of them throws the entry away for good.
```
# no heading, a shell comment
```

## Limits of the size

Short.
"""


def test_a_heading_that_says_little_is_asked_with_the_title() -> None:
    heading, sentence = section_pairs("docs/cache.md", MARKDOWN)
    assert (heading.kind, heading.query) == ("heading", "The cache: Invalidation")
    assert heading.document.startswith("docs/cache.md\nEntries leave the cache")
    assert "no heading" in heading.document
    assert sentence.query == "Entries leave the cache when their file changes on disk."
    assert "The watcher compares" in sentence.document
    assert sentence.query not in sentence.document


def test_underlined_headings_are_headings() -> None:
    text = "How to write a test\n===================\n\n" + "Call the client and look at it. " * 4
    pairs = list(section_pairs("docs/testing.rst", text))
    assert pairs[0].query == "How to write a test"
