"""Names that occur nowhere are marked; names that the reader may read, asked about or knows are not."""

from __future__ import annotations

import pytest

from appliance.conversations.checking.guarding import Known, unknown_names
from appliance.conversations.checking.sentences import sentences_of
from appliance.conversations.checking.wellknown import is_well_known
from appliance.sources.operators import scope_for
from indexer.models import Source
from indexer.retrieval.occurrences import look_up
from indexer.scope import PathRule, Scope
from tests.appliance.conversations.conftest import FILES
from tests.conftest import SourceFactory

NOTHING = Known.of([])
MORE = {
    **FILES,
    "shop/api.py": 'ROUTES = ["/api/carts/<int:id>"]\nparser.add_argument("--dry-run")\n',
    "shop/opts.rs": "struct Opts { no_color: bool }\n",
    "secret/plan.py": "def secret_plan_of_vault():\n    return hidden_call_xyz()\n",
}


@pytest.fixture
def shop(source_factory: SourceFactory) -> Source:
    return source_factory("shop", MORE)


def unknown(text: str, *, scope: Scope | None = None, known: Known = NOTHING) -> tuple[str, ...]:
    return unknown_names(sentences_of(text), known=known, scope=scope or scope_for(None))


@pytest.mark.parametrize(
    "text",
    [
        "`add_item` raises `CartFull`.",
        "`cart.append` and `cart.count(item)`.",
        "See `shop/cart.py`, cart.py, shop/README.md and the folder `shop/`.",
        "Pass `--dry-run` or --no-color.",
        "GET /api/carts/{id} answers.",
        "`os.path.join`, `json.dumps` and `subprocess.run()` are used.",
        "Run `git` and `docker-compose`.",
        "`HTTPServer`, `console.log`, `Vec` and `fmt.Println`.",
        "See https words, `None` and `self`.",
    ],
)
def test_names_of_the_corpus_and_of_languages_are_known(text: str, shop: Source) -> None:
    assert unknown(text) == ()


def test_the_sides_of_a_diff_are_no_folders(shop: Source) -> None:
    diff = "```diff\n--- a/shop/cart.py\n+++ b/shop/cart.py\n@@\n-    cart.count()\n+    {}\n```\n"
    assert unknown(diff.format("cart.append()")) == ()
    assert unknown(diff.format("frobnicate()")) == ("frobnicate",)
    assert unknown(diff.replace("cart.py", "trolley.py")) == (
        "a/shop/trolley.py",
        "b/shop/trolley.py",
    )
    assert unknown("See `a/shop/cart.py`.") == ("a/shop/cart.py",)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("`frobnicate` does it.", ("frobnicate",)),
        ("It calls remove_item().", ("remove_item",)),
        ("`addItem` adds.", ("addItem",)),
        ("`cart.frobnicate` too.", ("cart.frobnicate",)),
        ("See `shop/trolley.py`.", ("shop/trolley.py",)),
        ("Pass `--frobnicate`.", ("--frobnicate",)),
        ("POST /api/trolleys/{id} answers.", ("/api/trolleys/{id}",)),
        ("```python\ntrolley = make_trolley()\ntrolley.push(1)\n```\n", ("make_trolley",)),
    ],
)
def test_names_that_occur_nowhere_are_found(
    text: str, names: tuple[str, ...], shop: Source
) -> None:
    assert unknown(text) == names


def test_a_part_of_a_longer_word_is_not_the_name(shop: Source) -> None:
    assert unknown("`tFull` raises.") == ("tFull",)


def test_names_of_the_question_are_known(shop: Source) -> None:
    known = Known.of(["What does frobnicate do in src/x.py with --fast?"])
    assert unknown("`frobnicate` of `src/x.py` takes --fast.", known=known) == ()


def test_names_of_what_may_not_be_read_are_unknown(
    shop: Source, source_factory: SourceFactory
) -> None:
    source_factory("vault", {"vault.py": "def vault_door_code():\n    pass\n"})
    text = (
        "`secret_plan_of_vault` calls `hidden_call_xyz`, and `vault_door_code` of `secret/plan.py`."
    )
    everything = ()
    nothing = ("secret_plan_of_vault", "hidden_call_xyz", "vault_door_code", "secret/plan.py")
    half = Scope(rules=(PathRule(shop.pk, "", True), PathRule(shop.pk, "secret/", False)))
    assert unknown(text) == everything
    assert unknown(text, scope=half) == nothing
    assert unknown(text, scope=Scope()) == nothing


def test_what_there_was_no_time_to_look_for_is_not_marked(shop: Source) -> None:
    found = look_up(names=["frobnicate"], scope=scope_for(None), seconds=0)
    assert (found.found, found.unsearched) == (frozenset(), frozenset({"frobnicate"}))
    assert (
        unknown_names(
            sentences_of("`frobnicate`."), known=NOTHING, scope=scope_for(None), seconds=0
        )
        == ()
    )


@pytest.mark.parametrize("name", ["a'b_c", "x%y_z", "back\\slash_x", "(a+)+$_b", "\u00e9t\u00e9_x"])
def test_odd_names_are_looked_up_as_they_are(name: str, shop: Source) -> None:
    found = look_up(texts=[name], scope=scope_for(None), seconds=5)
    assert found.found == found.unsearched == frozenset()


@pytest.mark.parametrize(
    "name",
    ["print", "asyncio", "read_text", "setTimeout", "println", "strlen", "git", "--help", "SELECT"],
)
def test_names_of_libraries_and_tools_are_well_known(name: str) -> None:
    assert is_well_known(name)


@pytest.mark.parametrize("name", ["frobnicate", "add_item", "CartFull", "--frobnicate"])
def test_other_names_are_not(name: str) -> None:
    assert not is_well_known(name)
