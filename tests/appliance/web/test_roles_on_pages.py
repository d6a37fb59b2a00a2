"""Which role opens which page: every address of the product as every class of person.

A new page fails here until somebody has said whose it is.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from appliance.accounts.models import Role, RoleGrant, User
from indexer.models import Source
from tests.appliance.conversations.conftest import MessageFactory, message_factory  # noqa: F401
from tests.appliance.web.routes import routes
from tests.conftest import SourceFactory, UserFactory

pytestmark = [pytest.mark.services, pytest.mark.django_db]

ADMINS = frozenset({"admin"})
CURATORS = frozenset({"admin", "curator"})
AUDITORS = frozenset({"admin", "auditor"})
OF_SHOP = frozenset({"admin", "source_admin"})
OF_SOURCES = frozenset({"admin", "source_admin", "other_source_admin"})

# Pages that some people must not know of, by the name of the address.
CLOSED: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(
        [
            "manage", "insight", "insight_usage", "insight_quality", "insight_coverage", "insight_freshness", "insight_unanswered", "jobs", "jobs_retry", "job_retry", "settings", "adapters", "adapter_set", "adapter_remove", "egress", "egress_look", "egress_export",
            "support", "support_bundle", "person_new", "person_edit",
            "person_password", "person_remove", "group_new", "group_rename", "group_remove",
            "directories", "sign_in_rules", "directory_new", "directory", "directory_switch",
            "directory_remove", "directory_test", "directory_preview", "directory_mapping",
            "directory_provisioning", "directory_sync", "directory_token_new",
            "directory_token_revoke", "access", "access_who", "access_browse", "people", "person", "person_role", "person_disable", "person_enable",
            "person_sign_out", "groups", "group", "group_role", "group_member", "glass",
            "glass_open", "glass_close", "all_tokens", "any_token_revoke",
            "source_connect", "connect_list", "connect_host", "connect_chosen", "source_upload",
            "source_remove", "golden_import", "golden_remove", "source_credential", "credentials", "credential",
            "credential_remove", "shared_hook_renew",
            "code_hosts", "code_host", "code_host_remove", "code_host_assign", "code_host_forget",
        ],
        ADMINS,
    ),
    **dict.fromkeys(
        [
            "evaluation", "evaluation_start", "evaluation_csv", "evaluation_run", "run_accept", "proposal_decide",
            "curation", "case", "curated", "withdraw", "unanswered",
        ],
        CURATORS,
    ),
    **dict.fromkeys(
        [
            "source", "source_settings", "source_replace", "source_findings", "source_sync",
            "source_pause", "source_resume", "source_reindex", "hook_renew", "grant_add",
            "grant_revoke",
            "host_access", "host_access_on", "host_access_sync", "host_access_off",
        ],
        OF_SHOP,
    ),
    **dict.fromkeys(
        [
            "audit", "audit_record", "audit_verify", "audit_export", "audit_lines", "audit_person",
            "audit_holds", "audit_hold_lift",
        ],
        AUDITORS,
    ),
    "steer_sources": OF_SOURCES,
    "source_why": frozenset({"reader", "curator", "auditor", "admin", "source_admin"}),
}  # fmt: skip
# Open to everybody who is signed in; what they show is decided by what one may read.
OPEN = {
    "compare", "compare_file", "file_blame", "file_history", "file_change", "file_raw", "file_rest", "folder", "source_files",
    "tree", "tree_root", "symbol_card",
    "ask", "palette", "search", "code", "search_export", "code_export", "symbols", "file", "sources", "status", "healthz", "theme", "hook", "shared_hook",
    "tokens", "token_revoke", "sessions", "session_end", "sessions_end_others", "answer_save",
    "answer_again",
    "help", "help_page", "help_picture",
    "api_reference", "api_document",
    "source_sets", "source_set_new", "source_set_edit", "source_set_delete",
    "oauth_resource_root", "oauth_resource", "oauth_server", "oauth_register", "oauth_token",
    "oauth_revoke", "oauth_authorize",
    "device", "device_decide", "device_begin", "device_token", "clients", "client_file",
}  # fmt: skip
# What else is there: signing in, directories with a token, and programs that count.
OWN = (
    "mfa_",
    "openid_",
    "saml_",
    "/scim/",
    "metrics",
    "thread",
    "message",
    "api",
    "chat_",
    "account_",
    "changed_",
    "citation_",
    "feedback",
    "saved_",
    "notification",
)


@pytest.fixture
def people(
    source_factory: SourceFactory, user_factory: UserFactory, staff: User
) -> dict[str, User]:
    shop = source_factory("shop", {"cart.py": "def add(cart):\n    return cart\n"})
    pay = source_factory("pay", {"pay.py": "x = 1\n"}, grant=None)
    made = {
        name: user_factory(name, groups=("readers",))
        for name in ("reader", "curator", "source_admin", "auditor")
    }
    made |= {"other_source_admin": user_factory("other_source_admin"), "admin": staff}
    given = {"curator": Role.CURATOR, "auditor": Role.AUDITOR}
    for name, role in given.items():
        RoleGrant.objects.create(role=role, user=made[name])
    RoleGrant.objects.create(role=Role.SOURCE_ADMIN, user=made["source_admin"], source=shop)
    RoleGrant.objects.create(role=Role.SOURCE_ADMIN, user=made["other_source_admin"], source=pay)
    return made


def test_every_page_is_somebodys() -> None:
    unknown = [
        route.name
        for route in routes()
        if route.name not in CLOSED and route.name not in OPEN and not route.name.startswith(OWN)
    ]
    assert unknown == []
    gone = set(CLOSED) - {route.name for route in routes()}
    assert gone == set()


def test_a_closed_page_is_not_there_for_others(people: dict[str, User]) -> None:
    closed = [route for route in routes() if route.name in CLOSED]
    assert len(closed) > 40
    count = 0
    for name, person in people.items():
        client = Client()
        client.force_login(person)
        absent = client.get("/nothing/here/").content
        for route in (one for one in closed if name not in CLOSED[one.name]):
            for method in ("get", "post"):
                answer = getattr(client, method)(route.path)
                where = (name, method, route.path)
                if name == "other_source_admin" and answer.status_code == 405:
                    # They know such pages: this one answers as that of no source at all.
                    twin = getattr(client, method)(route.path.replace("shop", "none"))
                    assert (twin.status_code, twin.content) == (405, answer.content), where
                    continue
                assert (answer.status_code, answer.content) == (404, absent), where
                count += 1
    assert count > 200


# Pages that answer without an object of their own: who may see them must really get them.
REACHED = {
    "admin": ["/people/", "/groups/", "/emergency-access/", "/tokens/all/", "/credentials/",
              "/sources/connect/", "/sources/upload/", "/sources/shop/", "/sources/pay/",
              "/curation/", "/evaluation/", "/sources/pay/findings/"],
    "curator": ["/curation/", "/curation/lines/", "/evaluation/", "/evaluation/runs.csv"],
    "source_admin": ["/sources/shop/", "/sources/shop/findings/", "/sources/shop/why/"],
    "other_source_admin": ["/sources/pay/", "/sources/pay/findings/", "/sources/pay/why/"],
}  # fmt: skip


def test_a_role_opens_its_pages(people: dict[str, User]) -> None:
    client = Client()
    for name, paths in REACHED.items():
        client.force_login(people[name])
        answers = {path: client.get(path).status_code for path in paths}
        assert answers == dict.fromkeys(paths, 200), name


def test_a_source_admin_sees_and_steers_their_own_only(people: dict[str, User]) -> None:
    client = Client()
    client.force_login(people["other_source_admin"])
    listed = client.get("/sources/").content.decode()
    assert "pay" in listed
    assert "shop" not in listed
    assert client.get("/status/").content.count(b"shop") == 0
    client.post("/sources/connect/several/", {"action": "pause", "source": ["shop", "pay"]})
    client.post("/sources/connect/several/", {"action": "pause", "scope": "all"})
    paused = {source.name: source.is_paused for source in Source.objects.all()}
    assert paused == {"pay": True, "shop": False}
    for path in ("/sources/shop/", "/sources/shop/why/", "/sources/shop/findings/"):
        assert client.get(path).status_code == 404, path


def test_managing_a_source_opens_nothing_of_it(people: dict[str, User]) -> None:
    for name in ("other_source_admin", "admin", "auditor", "curator"):
        if name in {"auditor", "curator"}:
            people[name].groups.clear()
        client = Client()
        client.force_login(people[name])
        assert client.get("/files/pay/main/pay.py").status_code == 404, name
        assert b"pay.py" not in client.get("/search/?q=x").content, name
        assert b"pay.py" not in client.get("/search/code/?q=x").content, name


def test_a_location_is_found_by_who_manages_the_source(people: dict[str, User]) -> None:
    Source.objects.filter(name="shop").update(location="https://git.example.com/hush/shop.git")
    Source.objects.filter(name="pay").update(location="https://git.example.com/hush/pay.git")
    people["other_source_admin"].groups.add(Group.objects.get(name="readers"))
    client = Client()
    client.force_login(people["other_source_admin"])
    rows = client.get("/sources/?q=hush").context["sources"]
    assert [row.name for row in rows] == ["pay"]


def test_a_curator_hears_of_no_source_that_they_do_not_know(
    people: dict[str, User],
    message_factory: MessageFactory,  # noqa: F811
) -> None:
    asked = message_factory(people["admin"], "", not_found=True, source_names=["pay"])
    client = Client()
    for name, sees in (("curator", False), ("admin", True)):
        client.force_login(people[name])
        report = client.get("/curation/report/").content.decode()
        assert ("pay" in report, "Other sources" in report) == (sees, not sees), name
        narrowed = client.get("/curation/?source=pay&state=all")
        absent = client.get("/curation/?source=none&state=all")
        assert narrowed.context["filters"].source == ("pay" if sees else "")
        assert len(narrowed.context["rows"]) == len(absent.context["rows"]) == 1
        assert client.get(f"/curation/{asked.pk}/").status_code == 404, name


def test_an_admin_by_role_is_one_everywhere(
    people: dict[str, User], user_factory: UserFactory
) -> None:
    by_role = user_factory("by_role")
    RoleGrant.objects.create(role=Role.ADMIN, user=by_role)
    client = Client()
    client.force_login(by_role)
    assert {client.get(path).status_code for path in REACHED["admin"]} == {200}
    menu = client.get("/sources/").content.decode()
    for words in ("Administration", "Audit", "Curation", "Connect a source"):
        assert words in menu
