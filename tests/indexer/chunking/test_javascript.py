"""JavaScript: text before, chunks after."""

from __future__ import annotations

from tests.indexer.chunking.expect import chunk_at, fill, outline

TEXT = f""""use strict"

/**
 * Send a response.
 */

res.send = function send(body) {{
{fill("  x = 1;", 80)}}};

exports = module.exports = function create() {{
{fill("  a = 1;")}}};

export class Router extends Base {{
  route(path) {{
{fill("    y = 2;")}  }}

  static make = () => {{
{fill("    z = 3;")}  }};
}}

const load = async (name) => {{
{fill("  w = 4;")}}};

module.exports = {{
  first: function () {{
{fill("    v = 5;")}  }},
  second() {{
{fill("    u = 6;")}  }},
}};
"""


def test_definitions_become_chunks_under_their_names() -> None:
    assert outline(TEXT, "javascript") == [
        ("L1-L62", "function", "res.send"),
        ("L63-L88", "function", "res.send"),
        ("L90-L146", "function", "exports"),
        ("L148-L205", "method", "Router.route"),
        ("L207-L264", "method", "Router.make"),
        ("L266-L324", "function", "load"),
        ("L325-L381", "function", "first"),
        ("L382-L439", "function", "second"),
    ]


def test_a_documentation_comment_stays_with_its_function_across_a_blank_line() -> None:
    assert chunk_at(TEXT, "javascript", 4) == chunk_at(TEXT, "javascript", 7)
    assert chunk_at(TEXT, "javascript", 70).context.endswith("Send a response.")


def test_values_that_are_no_functions_are_not_named() -> None:
    assert outline("const a = 1;\nexports.b = [2];\n", "javascript") == [("L1-L2", "block", "")]
