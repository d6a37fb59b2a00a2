"""What would Ana see, who can read this file: for admins, without a line of content."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from appliance.accounts.models import User
from appliance.sources.granting import set_grant
from appliance.sources.models import Grant
from indexer.models import Source
from tests.conftest import SourceFactory, UserFactory

FILES: dict[str, str | bytes | None] = {
    "docs/guide.md": "# The guide\n\ncanary words\n",
    "src/cart.py": "def total():\n    return 'canary'\n",
    "vault/key.py": "KEY = 'canary'\n",
}
PAGES = ["/access/", "/access/?person=ana", "/access/who/", "/access/ana/shop/"]


@pytest.fixture
def shop(source_factory: SourceFactory) -> Source:
    return source_factory("shop", FILES)


@pytest.fixture
def ana(user_factory: UserFactory, shop: Source) -> User:
    """Reads the shop by her group, but for the vault."""
    ana = user_factory("ana", groups=("readers",))
    set_grant(ana, shop, "vault", allow=False)
    return ana


def asked(*arguments: str) -> list[dict[str, object]]:
    output = io.StringIO()
    call_command("access", *arguments, "--json", stdout=output)
    found: list[dict[str, object]] = json.loads(output.getvalue())
    return found


@pytest.mark.parametrize("address", PAGES)
@pytest.mark.parametrize("person", ["owner", "reader", "outsider"])
def test_only_admins_see_the_pages(
    client: Client, ana: User, person: str, address: str, request: pytest.FixtureRequest
) -> None:
    client.force_login(request.getfixturevalue(person))
    response = client.get(address)
    assert response.status_code == 404
    assert response.content == client.get("/nothing/here/").content


def test_admins_see_rules_and_counts_and_no_content(client: Client, ana: User, staff: User) -> None:
    client.force_login(staff)
    seen = client.get("/access/", {"person": "ana"})
    (row,) = seen.context["seen"]
    assert (row.source.name, row.readable, row.total) == ("shop", 2, 3)
    browsed = client.get("/access/ana/shop/")
    paths = {one.path: str(one.decision.sentence) for one in browsed.context["page"]}
    assert paths["src/cart.py"] == "readers may read shop:*"
    assert paths["vault/key.py"] == "ana may not read shop:vault"
    who = client.get("/access/who/", {"source": "shop", "path": "src/cart.py"})
    assert [one.user.username for one in who.context["page"]] == ["ana"]
    for page in (seen, browsed, who):
        assert b"canary" not in page.content


def test_paths_are_filtered(client: Client, ana: User, staff: User) -> None:
    client.force_login(staff)
    for filters, paths in (
        ({"shown": "no"}, ["vault/key.py"]),
        ({"contains": "DOCS", "shown": "yes"}, ["docs/guide.md"]),
        ({"contains": "nothing"}, []),
    ):
        page = client.get("/access/ana/shop/", filters).context["page"]
        assert [one.path for one in page] == paths


def test_a_proposed_rule_is_counted_and_not_saved(client: Client, ana: User, staff: User) -> None:
    client.force_login(staff)
    proposed = {"person": "ana", "allow": "yes", "path_pattern": "vault/key.py"}
    change = client.get("/access/ana/shop/", proposed).context["difference"]
    assert (change.gained, change.lost, change.examples) == (1, 0, (("vault/key.py", True),))
    denied = {"group": str(Grant.objects.get(path_pattern="").group_id), "allow": "no"}
    change = client.get("/access/ana/shop/", denied).context["difference"]
    assert (change.gained, change.lost) == (0, 2)
    without = {"without": Grant.objects.get(path_pattern="vault").pk}
    change = client.get("/access/ana/shop/", without).context["difference"]
    assert (change.gained, change.lost) == (1, 0)
    assert Grant.objects.count() == 2


def test_a_proposal_for_somebody_else_changes_nothing(
    client: Client, ana: User, staff: User
) -> None:
    client.force_login(staff)
    other = {"person": "staff", "allow": "yes", "path_pattern": ""}
    change = client.get("/access/ana/shop/", other).context["difference"]
    assert (change.gained, change.lost) == (0, 0)


@pytest.mark.parametrize(
    "address",
    ["/access/?person=%00", "/access/who/?source=shop&path=%00", "/access/a%00/s%00/",
     "/access/ana/shop/?without=99999999999999999999", "/access/ana/shop/?page=-1&contains=%00"],
)  # fmt: skip
def test_hostile_questions_are_no_errors(
    client: Client, ana: User, staff: User, address: str
) -> None:
    client.force_login(staff)
    assert client.get(address).status_code in {200, 400, 404}


def test_who_is_disabled_reads_nothing_and_is_no_reader(ana: User, shop: Source) -> None:
    assert asked("--who", "--source", "shop", "--path", "src/cart.py") != []
    User.objects.filter(pk=ana.pk).update(is_active=False)
    assert asked("--user", "ana") == []
    assert asked("--who", "--source", "shop", "--path", "src/cart.py") == []


def test_the_command_says_what_and_why(ana: User) -> None:
    assert asked("--user", "ana") == [{"source": "shop", "readable": 2, "files": 3}]
    (line,) = asked("--user", "ana", "--source", "shop", "--path", "vault/key.py")
    assert line["readable"] == "no"
    assert line["by"] == "ana may not read shop:vault"
    lines = asked("--user", "ana", "--source", "shop")
    assert [one["readable"] for one in lines] == ["yes", "yes", "no"]
    readers = asked("--who", "--source", "shop", "--path", "docs/guide.md")
    assert readers == [{"person": "ana", "rule": "readers may read shop:*"}]


@pytest.mark.parametrize(
    "arguments", [(), ("--who",), ("--user", "ana", "--path", "x"), ("--user", "nobody")]
)
def test_the_command_says_what_is_missing(ana: User, arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        call_command("access", *arguments)


def test_a_persons_page_shows_the_changes_of_their_access(
    client: Client, ana: User, staff: User
) -> None:
    client.force_login(staff)
    sentences = [sentence for _, sentence in client.get("/access/?person=ana").context["changes"]]
    assert sentences == ["ana may not read shop:vault", "readers may read shop:*"]
