"""Java: text before, chunks after."""

from __future__ import annotations

from tests.indexer.chunking.expect import chunk_at, fill, outline

TEXT = f"""package a;

/** Serves orders. */
@Service
public class OrderService extends Base {{
    /** Place one. */
    @Override
    public Order place(Cart cart) throws Refused {{
{fill("        x();", 80)}    }}

    OrderService(Repo repo) {{
{fill("        y();")}    }}

    enum State {{
{fill("        A,")}    }}
}}

record Point(int x) {{
{fill("    int y() { return 1; }")}}}
"""


def test_definitions_become_chunks_under_their_names() -> None:
    assert outline(TEXT, "java") == [
        ("L1-L65", "method", "OrderService.place"),
        ("L66-L89", "method", "OrderService.place"),
        ("L91-L147", "method", "OrderService.OrderService"),
        ("L149-L206", "enum", "OrderService.State"),
        ("L208-L264", "record", "Point"),
    ]


def test_annotations_and_comments_reach_the_context() -> None:
    assert chunk_at(TEXT, "java", 80).context.split("\n") == [
        "@Service public class OrderService extends Base",
        "@Override public Order place(Cart cart) throws Refused",
        "Place one.",
    ]
