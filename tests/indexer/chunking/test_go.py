"""Go: text before, chunks after."""

from __future__ import annotations

from tests.indexer.chunking.expect import chunk_at, fill, outline

TEXT = f"""package a

// Run starts it.
// And more.
func (c *Command) Run(args []string) error {{
{fill("	x := 1", 80)}}}

type Stack[T any] struct {{
{fill("	A int")}}}

func (s Stack[T]) Push(v T) {{
{fill("	y := 1")}}}

func main() {{
{fill("	z := 1")}}}
"""


def test_definitions_become_chunks_under_their_names() -> None:
    assert outline(TEXT, "go") == [
        ("L1-L62", "method", "Command.Run"),
        ("L63-L86", "method", "Command.Run"),
        ("L88-L144", "type", "Stack"),
        ("L146-L202", "method", "Stack.Push"),
        ("L204-L260", "function", "main"),
    ]


def test_a_comment_above_a_function_explains_its_later_parts() -> None:
    assert chunk_at(TEXT, "go", 1).symbol == "Command.Run"
    assert chunk_at(TEXT, "go", 70).context.split("\n") == [
        "func (c *Command) Run(args []string) error",
        "Run starts it.",
    ]
