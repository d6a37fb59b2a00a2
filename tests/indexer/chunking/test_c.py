"""C: text before, chunks after."""

from __future__ import annotations

from tests.indexer.chunking.expect import chunk_at, fill, outline

CONTINUED = "  do(x); \\"
TEXT = f"""#include <a.h>

/* Read a reply. */
static int *read_reply(struct reader *r,
                       int flags)
{{
{fill("    x();", 80)}}}

typedef struct reader {{
{fill("    int a;")}}} reader_t;

#define EACH(x) \\
{fill(CONTINUED)}

struct plain {{
{fill("    int b;")}}};

#ifdef A
int guarded(void) {{
{fill("    y();")}}}
#endif
"""


def test_definitions_become_chunks_under_their_names() -> None:
    assert outline(TEXT, "c") == [
        ("L1-L62", "function", "read_reply"),
        ("L63-L87", "function", "read_reply"),
        ("L89-L145", "type", "reader_t"),
        ("L147-L202", "macro", "EACH"),
        ("L205-L261", "struct", "plain"),
        ("L263-L321", "function", "guarded"),
    ]


def test_a_declarator_of_many_layers_still_has_a_name() -> None:
    assert outline("int (*g(int x))(int)\n{\n    return 0;\n}\n", "c") == [
        ("L1-L4", "function", "g")
    ]


def test_an_include_guard_hides_nothing() -> None:
    text = '#ifndef A_H\n#define A_H\nextern "C" {\nstruct a {\n  int x;\n  int y;\n};\n}\n#endif\n'
    assert outline(text, "c") == [("L1-L9", "struct", "a")]


def test_the_parts_of_a_function_name_it() -> None:
    assert chunk_at(TEXT, "c", 80).context.split("\n") == [
        "static int *read_reply(struct reader *r, int flags)",
        "Read a reply.",
    ]
