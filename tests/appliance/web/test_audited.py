"""H10: a scripted session of many kinds of action leaves exactly the expected records."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError
from pytest_django import Settings

from appliance.accounts.models import ApiToken, BrokenGlass, Role, RoleGrant, User
from appliance.audit.models import Event, Exposure, Hold
from appliance.audit.verifying import verify
from appliance.sources.models import Grant
from indexer.models import Source
from inference.fake_server import FakeServer
from tests.appliance.accounts.signing import PASSWORD
from tests.appliance.conversations.conftest import FILES
from tests.appliance.web.auditing_world import CANARY, QUESTION, World
from tests.conftest import SourceFactory, UserFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]


class Step(NamedTuple):
    """One action: who does it, what they do, and the records it leaves, as action or action!outcome."""

    name: str
    actor: str
    act: Callable[[World], object]
    records: tuple[str, ...]
    object: str = ""  # the name or id of the last record's object, where it can be known


def _id(name: str) -> int:
    return User.objects.get(username=name).pk


def _refused_command(world: World) -> None:
    with pytest.raises(CommandError):
        world.command("connect", "ext::sh -c touch% /tmp/p", "--name", "evil")


def _secret_file(world: World) -> str:
    file: Path = world.folder / "secret"
    file.write_text(CANARY)
    return str(file)


def _group(name: str) -> int:
    return Group.objects.get(name=name).pk


STEPS: list[Step] = [
    # Reading
    Step("search", "reader", lambda w: w.get("reader", "/search/", q="cart"), ("search.done",)),
    Step("code", "reader", lambda w: w.get("reader", "/search/code/", q="add"), ("code_search.done",)),
    Step("symbol", "reader", lambda w: w.get("reader", "/symbols/", name="add_item"), ("symbol.read",)),
    Step("file", "reader", lambda w: w.get("reader", "/files/shop/main/shop/cart.py"), ("file.read",), "shop:shop/cart.py"),
    Step("ask", "owner", lambda w: w.asked(), ("question.asked",)),
    Step("answer", "appliance", lambda w: w.answered(), ("question.answered",)),
    Step("evidence", "owner", lambda w: w.get("owner", f"/threads/{w.answer.thread_id}/"), ("evidence.shown",)),
    Step("evidence again", "owner", lambda w: w.get("owner", f"/threads/{w.answer.thread_id}/"), ()),
    Step("inspector", "owner", lambda w: w.get("owner", f"/messages/{w.answer.pk}/prompt/"), ("prompt.inspected",)),
    Step("export", "owner", lambda w: w.get("owner", f"/threads/{w.answer.thread_id}/thread.md"), ("thread.exported",)),
    Step("share", "owner", lambda w: w.post("owner", f"/threads/{w.answer.thread_id}/share/", user=str(w.people["reader"].pk)), ("thread.shared",)),
    Step("shared evidence", "reader", lambda w: w.get("reader", f"/threads/{w.answer.thread_id}/"), ("evidence.shown",)),
    Step("unshare", "owner", lambda w: w.post("owner", f"/threads/{w.answer.thread_id}/share/{w.share_id()}/"), ("thread.unshared",)),
    # Denied
    Step("a thread of others", "reader", lambda w: w.get("reader", f"/threads/{w.answer.thread_id}/"), ("access.denied!denied",)),
    Step("the same in a minute", "reader", lambda w: w.get("reader", f"/threads/{w.answer.thread_id}/"), ()),
    Step("a source not granted", "outsider", lambda w: w.get("outsider", "/files/shop/main/shop/cart.py"), ("access.denied!denied",), "shop"),
    Step("a source that is not", "outsider", lambda w: w.get("outsider", "/files/none/main/x.py"), ()),
    Step("a page of admins", "reader", lambda w: w.get("reader", "/credentials/"), ("access.denied!denied",)),
    Step("the audit", "reader", lambda w: w.get("reader", "/audit/"), ("access.denied!denied",)),
    # Curation and evaluation
    Step("dismiss", "staff", lambda w: w.post("staff", f"/curation/{w.case().pk}/", decision="dismiss"), ("curation.decided",)),
    Step("case", "staff", lambda w: w.get("staff", f"/curation/{w.answer.pk}/"), ("evidence.shown",)),
    Step("resolve", "staff", lambda w: w.post("staff", f"/curation/{w.answer.pk}/", decision="resolve", question="how many", source="shop", path="shop/cart.py", first="4", last="8"), ("curation.decided",)),
    Step("withdraw", "staff", lambda w: w.post("staff", f"/curation/lines/{w.lines_id()}/withdraw/"), ("curation.decided",)),
    Step("import a set", "staff", lambda w: w.post("staff", "/evaluation/sets/", name="asked", file=SimpleUploadedFile("q.jsonl", json.dumps({"id": "1", "query": "carts", "source": "shop", "gold": [{"path": "shop/cart.py"}]}).encode())), ("curation.decided",), "asked"),
    Step("evaluate", "staff", lambda w: w.post("staff", "/evaluation/start/"), ("evaluation.started",)),
    Step("propose", "reader", lambda w: w.post("reader", "/evaluation/answers/", query="items", source="shop", path="shop/cart.py", start="4", end="8"), ("curation.decided",)),
    Step("accept a proposal", "staff", lambda w: w.post("staff", f"/evaluation/proposals/{w.proposal().pk}/", decision="accept"), ("curation.decided",)),
    Step("accept a run", "staff", lambda w: w.post("staff", f"/evaluation/runs/{w.done_run().pk}/accept/"), ("promotion.decided",)),
    Step("remove a set", "staff", lambda w: w.post("staff", f"/evaluation/sets/{w.golden_set().pk}/remove/"), ("curation.decided",), "asked"),
    # Sources
    Step("refuse", "staff", lambda w: w.post("staff", "/sources/connect/", location=f"https://me:{CANARY}@x.example/a.git", name="evil"), ("source.refused!denied",), "evil"),
    Step("refuse a command", "command line", _refused_command, ("source.refused!denied",), "evil"),
    Step("connect", "staff", lambda w: w.post("staff", "/sources/connect/", location="https://git.example.com/a/b.git", name="b", secret=CANARY), ("source.connected",), "b"),
    Step("settings", "staff", lambda w: w.post("staff", "/sources/b/settings/", ref_names="main", exclude_patterns="", poll_minutes="5"), ("source.changed",), "b"),
    Step("sync", "staff", lambda w: w.post("staff", "/sources/b/sync/"), ("source.steered",), "b"),
    Step("pause", "staff", lambda w: w.post("staff", "/sources/b/pause/"), ("source.steered",), "b"),
    Step("resume", "staff", lambda w: w.post("staff", "/sources/b/resume/"), ("source.steered",), "b"),
    Step("reindex", "staff", lambda w: w.post("staff", "/sources/b/reindex/"), ("source.steered",), "b"),
    Step("pause by command", "command line", lambda w: w.command("pause", "b"), ("source.steered",), "b"),
    Step("hook", "staff", lambda w: w.post("staff", "/sources/b/hook/"), ("hook.renewed",), "b"),
    Step("add a credential", "staff", lambda w: w.post("staff", "/credentials/", name="key", secret=CANARY), ("credential.added",), "key"),
    Step("use it", "staff", lambda w: w.post("staff", "/sources/b/credential/", shared_credential=str(w.credential_id())), ("source.changed",), "b"),
    Step("replace it", "command line", lambda w: w.command("credential", "key", "--secret-file", _secret_file(w)), ("credential.changed",), "key"),
    Step("replace it on its page", "staff", lambda w: w.post("staff", f"/credentials/{w.credential_id()}/", secret=CANARY), ("credential.changed",), "key"),
    Step("remove a source", "staff", lambda w: w.post("staff", "/sources/b/remove/", confirmation="b"), ("source.removed",), "b"),
    Step("remove a credential", "staff", lambda w: w.post("staff", f"/credentials/{w.credential_id()}/remove/"), ("credential.removed",), "key"),
    # People and groups
    Step("add a person", "root", lambda w: w.post("root", "/people/new/", username="ben", password=f"{CANARY}-ben"), ("person.created",), "ben"),
    Step("join", "root", lambda w: w.post("root", f"/groups/{_group('readers')}/member/", username="ben", change="add"), ("group.member_added",), "ben"),
    Step("leave", "root", lambda w: w.post("root", f"/groups/{_group('readers')}/member/", username="ben", change="remove"), ("group.member_removed",), "ben"),
    Step("rename", "root", lambda w: w.post("root", f"/people/{_id('ben')}/edit/", first_name="Ben"), ("person.changed",), "ben"),
    Step("make a curator", "root", lambda w: w.post("root", f"/people/{_id('ben')}/role/", role="curator", change="give"), ("role.given",), "ben"),
    Step("no curator", "root", lambda w: w.post("root", f"/people/{_id('ben')}/role/", role="curator", change="take"), ("role.taken",), "ben"),
    Step("role by command", "command line", lambda w: w.command("role", "ben", "auditor"), ("role.given",), "ben"),
    Step("password", "root", lambda w: w.post("root", f"/people/{_id('ben')}/password/", password=f"{CANARY}-two"), ("password.changed",), "ben"),
    Step("disable", "root", lambda w: w.post("root", f"/people/{_id('ben')}/disable/"), ("person.disabled",), "ben"),
    Step("enable", "root", lambda w: w.post("root", f"/people/{_id('ben')}/enable/"), ("person.enabled",), "ben"),
    Step("delete a person", "root", lambda w: w.post("root", f"/people/{_id('ben')}/remove/"), ("person.deleted",), "ben"),
    Step("add a group", "root", lambda w: w.post("root", "/groups/new/", name="crew"), ("group.created",), "crew"),
    Step("change a group", "root", lambda w: w.post("root", f"/groups/{_group('crew')}/rename/", name="crews"), ("group.changed",), "crews"),
    Step("delete a group", "root", lambda w: w.post("root", f"/groups/{_group('crews')}/remove/"), ("group.deleted",), "crews"),
    # Access, tokens, sessions
    Step("grant", "staff", lambda w: w.post("staff", "/sources/shop/grants/", person="outsider", allow="yes", path_pattern="docs/"), ("grant.added",)),
    Step("deny instead", "staff", lambda w: w.post("staff", "/sources/shop/grants/", person="outsider", allow="no", path_pattern="docs/"), ("grant.changed",)),
    Step("revoke", "staff", lambda w: w.post("staff", f"/sources/shop/grants/{Grant.objects.get(user__username='outsider').pk}/revoke/"), ("grant.revoked",)),
    Step("make a token", "reader", lambda w: w.post("reader", "/tokens/", name="editor", rights="read", days="30"), ("token.created",)),
    Step("revoke a token", "reader", lambda w: w.post("reader", f"/tokens/{ApiToken.objects.get().pk}/revoke/"), ("token.revoked",)),
    Step("a wrong token", "", lambda w: w.bare("/api/v1/me", token="nothing"), ("token.refused!denied",)),
    Step("break the glass", "root", lambda w: w.post("root", "/emergency-access/open/", reason="the owner is away and it burns"), ("break_glass.opened",), "root"),
    Step("mend the glass", "root", lambda w: w.post("root", f"/emergency-access/{BrokenGlass.objects.get().pk}/end/"), ("break_glass.closed",), "root"),
    # Directories
    Step("set a directory up", "root", lambda w: w.post("root", "/directories/new/oidc/", name="Acme", issuer="https://idp.acme.example", client_id="plumbline", client_secret=CANARY), ("directory.created",), "Acme"),
    Step("enable it", "root", lambda w: w.post("root", "/directory/acme/switch/", on="yes"), ("directory.changed",), "Acme"),
    Step("map a group", "root", lambda w: w.post("root", "/directory/acme/mapping/", external="dev", group="readers", save="1"), ("directory.changed",), "Acme"),
    Step("remove it", "root", lambda w: w.post("root", "/directory/acme/remove/"), ("directory.deleted",), "Acme"),
    Step("sign-in rules", "root", lambda w: w.post("root", "/directories/rules/", admins_need_second_factor="on"), ("sign_in_rules.changed",)),
    # Signing in and out
    Step("a wrong password", "", lambda w: w.signs_in("reader", f"{CANARY}-wrong"), ("sign_in.failed!denied",), "reader"),
    Step("sign in", "reader", lambda w: w.signs_in("reader", PASSWORD), ("sign_in.done",), "reader"),
    Step("end another session", "reader", lambda w: w.post("reader", "/sessions/others/end/"), ("session.revoked",)),
    Step("sign out", "outsider", lambda w: w.post("outsider", "/accounts/logout/"), ("sign_in.ended",), "outsider"),
    # Commands
    Step("search by command", "command line", lambda w: w.command("search", "cart"), ("search.done",)),
    Step("grep", "command line", lambda w: w.command("grep", "add_item"), ("code_search.done",)),
    Step("ask by command", "command line", lambda w: w.command("ask", QUESTION), ("question.asked", "evidence.shown")),
    Step("backup", "command line", lambda w: w.command("backup", str(w.folder / "backup")), ("backup.made",)),
    Step("text for calibration", "command line", lambda w: w.command("export_calibration", "--out", str(w.folder / "own.jsonl")), ("source.exported",)),
    # The record itself
    Step("look", "auditor", lambda w: w.get("auditor", "/audit/"), ("audit.read",)),
    Step("look at one", "auditor", lambda w: w.get("auditor", "/audit/records/1/"), ("audit.read",)),
    Step("who saw", "auditor", lambda w: w.get("auditor", "/audit/lines/", source="shop", path="shop/cart.py"), ("audit.read",)),
    Step("who saw as CSV", "auditor", lambda w: w.get("auditor", "/audit/lines/", source="shop", path="shop/cart.py", csv="1"), ("audit.exported",)),
    Step("what was seen", "auditor", lambda w: w.get("auditor", "/audit/people/", person="reader"), ("audit.read",)),
    Step("verify", "auditor", lambda w: w.post("auditor", "/audit/verify/"), ("audit.read",)),
    Step("download", "auditor", lambda w: w.post("auditor", "/audit/export/", format="ocsf"), ("audit.exported",)),
    Step("hold", "auditor", lambda w: w.post("auditor", "/audit/holds/", kind="person", name="reader", reason="case 1"), ("audit.held",), "reader"),
    Step("lift", "auditor", lambda w: w.post("auditor", f"/audit/holds/{Hold.objects.get().pk}/lift/", reason="closed"), ("audit.released",), "reader"),
    Step("export by command", "command line", lambda w: w.command("audit", "export"), ("audit.exported",)),
    Step("delete a thread", "owner", lambda w: w.post("owner", f"/threads/{w.answer.thread_id}/delete/"), ("thread.deleted",)),
]  # fmt: skip


@pytest.fixture
def world(
    source_factory: SourceFactory,
    user_factory: UserFactory,
    settings: Settings,
    models: FakeServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> World:
    settings.PLUMBLINE_HOME = tmp_path / "home"
    # The edge to Celery: no broker runs in these tests.
    monkeypatch.setattr("celery.app.task.Task.delay", lambda *args, **kwargs: None)
    source = source_factory("shop", FILES)
    people = {
        name: user_factory(name, groups=("readers",)) for name in ("owner", "reader", "auditor")
    }
    people["outsider"] = user_factory("outsider")
    people["staff"] = user_factory("staff", groups=("readers",), is_staff=True)
    people["root"] = user_factory("root", is_staff=True, is_superuser=True)
    RoleGrant.objects.create(role=Role.AUDITOR, user=people["auditor"])
    world = World(source, people, tmp_path)
    for name in people:
        world.client(name)  # signing in is recorded too
    return world


@pytest.mark.timeout(300)
def test_each_action_leaves_exactly_its_records(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    kinds, wrong = set(), {}
    for step in STEPS:
        before = Event.objects.order_by("-sequence").values_list("sequence", flat=True).first() or 0
        step.act(world)
        events = list(Event.objects.filter(sequence__gt=before))
        told = tuple(
            event.action if event.outcome == "done" else f"{event.action}!{event.outcome}"
            for event in events
        )
        address = "" if step.actor in {"appliance", "command line"} else "10.1.2.3"
        whence = {(event.actor, event.address) for event in events}
        names = [event.object_name for event in events[-1:]]
        if (
            told != step.records
            or not whence <= {(step.actor, address)}
            or (step.object and names != [step.object])
        ):
            wrong[step.name] = (told, whence, names)
        kinds |= set(told)
    assert wrong == {}
    assert len([step for step in STEPS if step.records]) >= 80
    assert len(kinds) >= 60
    assert verify().problem is None
    _assert_nothing_private()
    capsys.readouterr()


def _assert_nothing_private() -> None:
    """No secret, no question and no line of code stands in any record."""
    for event in Event.objects.all():
        text = json.dumps([event.object_name, event.details])
        for private in (CANARY, QUESTION, "raise CartFull", "at most ninety-nine"):
            assert private not in text, event
    assert Exposure.objects.filter(ground__startswith="grant ").exists()
    assert not Exposure.objects.filter(ground="").exists()
    assert Source.objects.filter(name="shop").exists()
