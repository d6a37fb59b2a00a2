"""C#, Kotlin, PHP, Ruby and shell: long texts are split at their definitions."""

from __future__ import annotations

import pytest

from indexer.chunking import dissect
from tests.indexer.chunking.expect import assert_sound, chunk_at, fill

TEXTS = {
    "csharp": f"""namespace Shop
{{
    /// <summary>Serves orders.</summary>
    [Service]
    public class Orders : Base
    {{
        /// <summary>Place one.</summary>
        [HttpPost]
        public Order Place(Cart cart)
        {{
{fill("            x();", 80)}        }}

        public Order Take(Cart cart)
        {{
{fill("            y();", 80)}        }}
    }}
}}
""",
    "kotlin": f"""package shop

/** Serves orders. */
@Service
class Orders : Base() {{
    /** Place one. */
    @HttpPost
    fun place(cart: Cart): Order {{
{fill("        x()", 80)}    }}

    fun take(cart: Cart): Order {{
{fill("        y()", 80)}    }}
}}
""",
    "php": f"""<?php
namespace Shop;

/** Serves orders. */
#[Service]
class Orders extends Base
{{
    /** Place one. */
    public function place(Cart $cart): Order
    {{
{fill("        x();", 80)}    }}

    public function take(Cart $cart): Order
    {{
{fill("        y();", 80)}    }}
}}
""",
    "ruby": f"""module Shop
  # Serves orders.
  class Orders < Base
    # Place one.
    def place(cart)
{fill("      x()", 80)}    end

    def take(cart)
{fill("      y()", 80)}    end
  end
end
""",
}
CONTEXTS = {
    "csharp": "[HttpPost] public Order Place(Cart cart)",
    "kotlin": "@HttpPost fun place(cart: Cart): Order",
    "php": "public function place(Cart $cart): Order",
    "ruby": "def place(cart)",
}


@pytest.mark.parametrize("language", TEXTS)
def test_methods_become_chunks_under_their_qualified_names(language: str) -> None:
    text = TEXTS[language]
    assert_sound(text, language)
    first, second = chunk_at(text, language, 60), chunk_at(text, language, 150)
    assert (first.kind, second.kind) == ("method", "method")
    assert first.symbol.lower().endswith(("orders.place", "orders::place"))
    assert second.symbol.lower().endswith(("orders.take", "orders::take"))


@pytest.mark.parametrize("language", TEXTS)
def test_what_encloses_the_end_of_a_method_is_named_with_its_comment(language: str) -> None:
    context = chunk_at(TEXTS[language], language, 85).context.split("\n")
    assert "class Orders" in context[-3]
    assert context[-2:] == [
        CONTEXTS[language],
        "Place one." if language != "csharp" else "<summary>Place one.</summary>",
    ]


def test_functions_of_a_script_are_chunks_with_their_comment() -> None:
    text = f"#!/bin/sh\nset -e\n\n# Builds it.\nbuild() {{\n{fill('  x', 150)}}}\n\nship() {{\n{fill('  y')}}}\n"
    assert_sound(text, "shell")
    assert chunk_at(text, "shell", 140).context == "build()\nBuilds it."
    assert chunk_at(text, "shell", 190).symbol == "ship"


@pytest.mark.parametrize(
    ("language", "text", "name"),
    [
        ("csharp", "class A {\n    [Fact]\n    public void Runs() { }\n}\n", "Runs"),
        ("java", "class A {\n    @Inject\n    A() { }\n}\n", "A"),
    ],
)
def test_a_name_below_its_annotations_is_no_use(language: str, text: str, name: str) -> None:
    found = dissect(text, language)
    assert name in {one.name for one in found.definitions}
    assert name not in {use.name for use in found.uses}


def test_a_broken_program_keeps_what_could_be_read() -> None:
    text = "class A {\n    public void Before() { }\n    public void (((\n}\nclass B { void After() { } }\n"
    names = {one.name for one in dissect(text, "csharp").definitions}
    assert {"A", "Before", "B", "After"} <= names
