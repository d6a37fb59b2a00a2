"""C++: text before, chunks after."""

from __future__ import annotations

from tests.indexer.chunking.expect import chunk_at, fill, outline

TEXT = f"""namespace net {{
template <class T>
class Pool : public Base {{
 public:
  // Take one.
  T take() {{
{fill("    x();")}  }}
  ~Pool() {{
{fill("    y();")}  }}
}};

int Pool::size() const {{
{fill("  z();")}}}

bool operator==(const A& a, const A& b) {{
{fill("  w();")}}}
}}
"""


def test_definitions_become_chunks_under_their_names() -> None:
    assert outline(TEXT, "cpp") == [
        ("L1-L62", "method", "net::Pool::take"),
        ("L63-L120", "method", "net::Pool::~Pool"),
        ("L122-L178", "function", "net::Pool::size"),
        ("L180-L237", "function", "net::operator=="),
    ]


def test_namespace_and_class_are_the_context_of_a_method() -> None:
    assert chunk_at(TEXT, "cpp", 80).context.split("\n") == [
        "namespace net",
        "class Pool : public Base",
    ]
