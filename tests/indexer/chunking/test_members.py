"""Names without a scope of their own, and names that are used, in each language."""

from __future__ import annotations

from textwrap import dedent

import pytest

from indexer.chunking import dissect
from tests.indexer.chunking.more_cases import MORE_CASES

# Language -> text, every definition as "qualified kind", names that are used.
CASES: dict[str, tuple[str, set[str], set[str]]] = {
    "python": (
        """
        from shop.errors import OutOfStock as Gone

        LIMIT, COUNT = 10, 3

        @register
        class Cart(Base, shop.Mixin):
            kind: str = "cart"
            size = 3

            def __init__(self, items):
                self.items = items
                local = LIMIT

            def clear(self):
                self.items = []
                other.thing = 1
                try:
                    pass
                except KeyError:
                    isinstance(self, Basket)
        """,
        {
            "LIMIT constant",
            "COUNT constant",
            "Cart class",
            "Cart.kind field",
            "Cart.size field",
            "Cart.__init__ method",
            "Cart.items field",
            "Cart.clear method",
        },
        {"OutOfStock", "register", "Base", "Mixin", "LIMIT", "KeyError", "Basket"},
    ),
    "go": (
        """
        package shop

        const (
            A, B = 1, 2
            C = iota
        )

        var (
            ErrGone = errors.New("gone")
            quiet bool
        )

        type Cart struct {
            Items []Item
            owner, payer *Person
            Base
        }

        type Store interface {
            Load(name string) (Cart, error)
        }

        func (c *Cart) Total() int {
            local := limits.Largest
            return helper(c.Items, Options{Size: Small})
        }
        """,
        {
            "A constant",
            "B constant",
            "C constant",
            "ErrGone constant",
            "quiet constant",
            "Cart type",
            "Cart.Items field",
            "Cart.owner field",
            "Cart.payer field",
            "Store type",
            "Store.Load method",
            "Cart.Total method",
        },
        {"New", "Person", "Base", "Largest", "helper", "Options", "Size", "Small", "Items"},
    ),
    "javascript": (
        """
        import { load } from "./load.js";
        export const LIMIT = 3;
        var other = 1;
        class Cart extends base.Store {
          size = 3;
          #hidden = 1;
          total() { const local = 1; return new Money(load(Kind.Small)); }
        }
        """,
        {"LIMIT constant", "other constant", "Cart class", "Cart.size field", "Cart.total method"},
        {"load", "Store", "Money", "Kind", "Small"},
    ),
    "typescript": (
        """
        enum Color { Red, Green = 2 }
        interface Store { name: string; load(key: Key): Cart; }
        type Options = { size: number };
        abstract class Cart extends Base implements Store {
          private readonly items: Item[] = [];
          abstract total(): Money;
          load(a: string): void;
          load(a: number): void;
          load(a: unknown) { return this; }
        }
        """,
        {
            "Color enum",
            "Color.Red constant",
            "Color.Green constant",
            "Store interface",
            "Store.name field",
            "Store.load method",
            "Options type",
            "Options.size field",
            "Cart class",
            "Cart.items field",
            "Cart.total method",
            "Cart.load method",
        },
        {"Key", "Base", "Store", "Item", "Money"},
    ),
    "java": (
        """
        import shop.errors.OutOfStock;

        @Immutable
        class Cart extends Base {
            static final int LIMIT = 3;
            private Item first, last;
            int total() { int local = Limits.LARGEST; return items.map(Item::price); }
        }
        enum Color { RED, GREEN }
        interface Store { int SIZE = 3; Cart load(String name); }
        record Point(int x, int y) {}
        """,
        {
            "Cart class",
            "Cart.LIMIT field",
            "Cart.first field",
            "Cart.last field",
            "Cart.total method",
            "Color enum",
            "Color.RED constant",
            "Color.GREEN constant",
            "Store interface",
            "Store.SIZE constant",
            "Store.load method",
            "Point record",
            "Point.x field",
            "Point.y field",
        },
        {"OutOfStock", "Immutable", "Base", "Limits", "LARGEST", "map", "price", "Item"},
    ),
    "rust": (
        """
        use shop::errors::{Gone, OutOfStock};
        const LIMIT: u32 = 3;
        static NAME: &str = "x";
        struct Cart { items: Vec<Item>, pub owner: Person }
        enum Color { Red, Green(u8) }
        trait Store {
            type Key;
            fn load(&self) -> Cart;
            fn save(&self) {}
        }
        impl Store for Cart {
            fn load(&self) -> Cart { let local = LIMIT; Cart { items: self.items, owner: Color::Red } }
        }
        extern "C" { fn outside(x: i32) -> i32; }
        """,
        {
            "LIMIT constant",
            "NAME constant",
            "Cart struct",
            "Cart::items field",
            "Cart::owner field",
            "Color enum",
            "Color::Red constant",
            "Color::Green constant",
            "Store trait",
            "Store::Key type",
            "Store::load method",
            "Store::save method",
            "Cart::load method",
            "outside function",
        },
        {"Gone", "OutOfStock", "LIMIT", "items", "Red", "Item", "Person"},
    ),
    "c": (
        """
        #ifndef SHOP_H
        #define SHOP_H
        static int count = 3;
        char *names[4], **more;
        struct cart { int items; char *owner; int sizes[3]; };
        enum color { RED, GREEN };
        int total(struct cart *c) { int local = LIMIT; return helper(c->items); }
        int declared(int x);
        #endif
        """,
        {
            "SHOP_H macro",
            "count constant",
            "names constant",
            "cart struct",
            "cart.items field",
            "cart.owner field",
            "cart.sizes field",
            "color enum",
            "color.RED constant",
            "color.GREEN constant",
            "total function",
        },
        {"LIMIT", "helper", "items"},
    ),
    "cpp": (
        """
        namespace shop {
        int count = 3;
        class Cart : public Base {
         public:
          int total() const;
          void clear() {}
         private:
          Item *items;
        };
        int Cart::total() const { int local = Limits::LARGEST; return items->price; }
        }
        """,
        {
            "shop namespace",
            "shop::count constant",
            "shop::Cart class",
            "shop::Cart::total method",
            "shop::Cart::clear method",
            "shop::Cart::items field",
            "shop::Cart::total function",
        },
        {"Base", "Item", "Limits", "LARGEST", "price"},
    ),
    **MORE_CASES,
}


@pytest.mark.parametrize("language", CASES)
def test_members_are_definitions_and_locals_are_not(language: str) -> None:
    text, expected, _ = CASES[language]
    found = dissect(dedent(text), language).definitions
    assert {f"{one.qualified} {one.kind}" for one in found} == expected
    assert all("local" not in one.qualified for one in found)


@pytest.mark.parametrize("language", CASES)
def test_names_are_used_where_they_stand(language: str) -> None:
    text, _, expected = CASES[language]
    lines = dedent(text).split("\n")
    uses = dissect(dedent(text), language).uses
    assert expected - {use.name for use in uses} == set()
    assert all(use.name in lines[line - 1] for use in uses for line in use.lines)
    assert "local" not in {use.name for use in uses}


@pytest.mark.parametrize("language", CASES)
def test_a_member_is_found_on_its_own_line(language: str) -> None:
    text = dedent(CASES[language][0])
    lines = text.split("\n")
    for one in dissect(text, language).definitions:
        assert one.name in "\n".join(one.span.lines_of(text))
        if one.kind in {"field", "constant"}:
            assert one.name in lines[one.span.start_line - 1]
            assert one.span.start_line == one.span.end_line
