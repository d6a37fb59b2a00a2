"""Programs for test_members in the languages that came later."""

from __future__ import annotations

# Language -> text, every definition as "qualified kind", names that are used.
MORE_CASES: dict[str, tuple[str, set[str], set[str]]] = {
    "csharp": (
        """
        using Shop.Errors;
        namespace Shop.Orders
        {
            [Immutable]
            public class Cart : Base, IStore
            {
                public const int Limit = 3;
                private Item first, last;
                public string Name { get; set; } = "x";
                public event EventHandler Changed;
                public delegate void Handler(object sender);
                public Cart(Repo repo) : base(repo) { var local = repo; }
                public static Money operator +(Cart a, Cart b) => null;
                public int this[int i] => i;
                [Obsolete]
                public Task<Money> Total<T>(int x) where T : Thing
                {
                    int local = Limits.Largest;
                    return helper.Map<Wide>(new Price(1), cart?.Owner, nameof(Kind));
                }
            }
            public enum Color { Red, Green = 2 }
            public interface IStore { string Key { get; } Cart Load(string name); }
            public record Point(int X, int Y);
            public struct Size { public int W; }
        }
        """,
        {
            "Cart class",
            "Cart.Limit field",
            "Cart.first field",
            "Cart.last field",
            "Cart.Name field",
            "Cart.Changed field",
            "Cart.Handler type",
            "Cart.Cart method",
            "Cart.operator + method",
            "Cart.this method",
            "Cart.Total method",
            "Color enum",
            "Color.Red constant",
            "Color.Green constant",
            "IStore interface",
            "IStore.Key field",
            "IStore.Load method",
            "Point record",
            "Point.X field",
            "Point.Y field",
            "Size struct",
            "Size.W field",
        },
        {
            "Errors",
            "Immutable",
            "Base",
            "Item",
            "Money",
            "Thing",
            "Largest",
            "Map",
            "Price",
            "Owner",
        },
    ),
    "kotlin": (
        """
        package shop
        import shop.errors.OutOfStock

        const val LIMIT = 3
        val other: Int = 1

        @Immutable
        open class Cart(val repo: Repo, size: Int) : Base(repo), Store {
            private val first: Item? = null
            var (a, b) = pair()
            companion object {
                const val SIZE = 3
                fun make(): Cart = Cart(Repo())
            }
            override fun total(x: Int): Money {
                val local = Limits.LARGEST
                return helper(items).map(Kind.Small)
            }
        }

        enum class Color(val code: Int) {
            RED(1),
            GREEN(2);

            fun label() = "x"
        }

        interface Store {
            val name: String

            fun load(name: String): Cart
        }

        object Single { fun go() {} }

        fun String.gone(e: OutOfStock): Boolean = true

        typealias Items = List<Item>
        """,
        {
            "LIMIT constant",
            "other constant",
            "Cart class",
            "Cart.repo field",
            "Cart.first field",
            "Cart.a field",
            "Cart.b field",
            "Cart.companion class",
            "Cart.companion.SIZE field",
            "Cart.companion.make method",
            "Cart.total method",
            "Color class",
            "Color.code field",
            "Color.RED constant",
            "Color.GREEN constant",
            "Color.label method",
            "Store class",
            "Store.name field",
            "Store.load method",
            "Single class",
            "Single.go method",
            "gone function",
            "Items type",
        },
        {"OutOfStock", "Immutable", "Base", "Item", "pair", "LARGEST", "helper", "map", "Small"},
    ),
    "php": (
        """
        <?php
        namespace Shop\\Orders;
        use Shop\\Errors\\OutOfStock as Gone;
        const LIMIT = 3;
        #[Immutable]
        final class Cart extends Base implements Store {
            use Counting;
            public const SIZE = 3;
            private ?Item $first = null, $last;
            public function __construct(private Repo $repo) { $local = 1; $this->items = []; }
            public static function total(int $x): Money {
                $local = Limits::LARGEST;
                return helper($this->items, new Price(1))->map(Kind::Small);
            }
        }
        interface Store { public function load(string $name): Cart; }
        trait Counting { public int $count = 0; }
        enum Color: string { case Red = 'r'; public function label(): string { return 'x'; } }
        function free(array $a): Money { try { return $a; } catch (KeyError $e) {} }
        ?><p>text</p>
        """,
        {
            "LIMIT constant",
            "Cart class",
            "Cart::SIZE constant",
            "Cart::first field",
            "Cart::last field",
            "Cart::__construct method",
            "Cart::repo field",
            "Cart::items field",
            "Cart::total method",
            "Store interface",
            "Store::load method",
            "Counting trait",
            "Counting::count field",
            "Color enum",
            "Color::Red constant",
            "Color::label method",
            "free function",
        },
        {
            "OutOfStock",
            "Immutable",
            "Base",
            "Counting",
            "LARGEST",
            "helper",
            "Price",
            "map",
            "KeyError",
        },
    ),
    "ruby": (
        """
        require "shop"
        LIMIT = 3
        module Shop
          class Cart < Base::Thing
            include Counting
            attr_reader :items, :owner
            SIZE = 3
            def initialize(items)
              @items = items
              local = LIMIT
            end
            def self.make(x) = new(x)
            def total
              local = Limits::LARGEST
              items.map(&:price).reduce(helper(1)) rescue KeyError
            end
            alias sum total
            class << self
              def build; end
            end
            def ==(other); end
          end
        end
        """,
        {
            "LIMIT constant",
            "Shop module",
            "Shop::Cart class",
            "Shop::Cart::items field",
            "Shop::Cart::owner field",
            "Shop::Cart::SIZE constant",
            "Shop::Cart::initialize method",
            "Shop::Cart::total method",
            "Shop::Cart::make method",
            "Shop::Cart::sum method",
            "Shop::Cart::build method",
            "Shop::Cart::== method",
        },
        {"Thing", "Counting", "LIMIT", "LARGEST", "map", "reduce", "helper", "KeyError"},
    ),
    "shell": (
        """
        #!/bin/bash
        LIMIT=3
        export OTHER=1
        build() {
          local local=1
          helper "$LIMIT" "${OTHER}" | filter
        }
        function deploy {
          build && cat <<EOF
        text
        EOF
        }
        """,
        {"LIMIT constant", "OTHER constant", "build function", "deploy function"},
        {"LIMIT", "OTHER", "helper", "filter", "build"},
    ),
}
