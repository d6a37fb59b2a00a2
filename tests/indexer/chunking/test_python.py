"""Python: text before, chunks after."""

from __future__ import annotations

from tests.indexer.chunking.expect import assert_sound, chunk_at, fill, outline

TEXT = f'''"""Module doc."""
import os

# About tokens.
# Second line.
@cached
def tokens(text: str) -> list[str]:
{fill("    x = 1")}
class Parser(Base):
    """Parse things.

    More."""

    limit = 3

    @property
    def name(self):
        """Name it."""
{fill("        y = 2")}
    async def parse(
        self,
        text: str,
    ) -> Tree:
        """Parse a text."""
{fill("        z = 3", 80)}
        def inner():
            pass

    class Inner:
        def deep(self):
{fill("            w = 4")}
'''


def test_definitions_become_chunks_under_their_names() -> None:
    assert outline(TEXT, "python") == [
        ("L1-L69", "function", "tokens"),
        ("L71-L128", "method", "Parser.name"),
        ("L130-L189", "method", "Parser.parse"),
        ("L190-L217", "method", "Parser.parse"),
        ("L219-L275", "class", "Parser.Inner"),
    ]


def test_a_later_part_of_a_method_says_what_it_belongs_to() -> None:
    assert chunk_at(TEXT, "python", 200).context.split("\n") == [
        "class Parser(Base)",
        "async def parse( self, text: str, ) -> Tree",
        "Parse a text.",
    ]


def test_comments_and_decorators_stay_with_their_function() -> None:
    assert chunk_at(TEXT, "python", 4) == chunk_at(TEXT, "python", 7)


def test_small_functions_share_a_chunk_under_the_largest() -> None:
    text = "def a(): pass\n\n\ndef b():\n    x = 1\n    return x\n\n\ndef c(): pass\n"
    assert outline(text, "python") == [("L1-L9", "function", "b")]


def test_broken_code_is_kept_as_text() -> None:
    text = "def f(:\n    return (\n\nclass ??? {\n" + fill("    x = = 1", 70) + "def g(): pass\n"
    assert sum(len(found.span.lines_of(text)) for found in assert_sound(text, "python")) == 75


def test_a_long_string_is_cut_by_lines_inside_its_function() -> None:
    text = 'def sql():\n    """Ask."""\n    return """\n' + fill("select some words", 150) + '"""\n'
    found = outline(text, "python")
    assert len(found) > 2
    assert {symbol for _, _, symbol in found} == {"sql"}
