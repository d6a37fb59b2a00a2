"""Pages for many sources at once: preview first, then done; a list of hundreds stays usable."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from appliance.accounts.models import User
from appliance.sources.credentials import add
from appliance.sources.granting import set_grant
from appliance.sources.managing import connect
from indexer.fetching.values import Credential
from indexer.models import Job, Ref, SharedCredential, Source
from tests.hostserver import TOKEN, HostServer, serve_host

HOST = "https://git.example.com"


@pytest.fixture
def admin(client: Client, staff: User) -> Client:
    client.force_login(staff)
    return client


PAGES = [
    ("get", "/sources/connect/list/"),
    ("post", "/sources/connect/list/"),
    ("get", "/sources/connect/host/"),
    ("post", "/sources/connect/host/"),
    ("post", "/sources/connect/chosen/"),
    ("post", "/sources/connect/several/"),
]


@pytest.mark.parametrize(("method", "path"), PAGES)
@pytest.mark.parametrize("person", ["owner", "reader", "outsider"])
def test_only_staff_see_the_pages(
    person: str, method: str, path: str, client: Client, request: pytest.FixtureRequest
) -> None:
    client.force_login(request.getfixturevalue(person))
    form = {"line": f"{HOST}/a", "action": "pause", "scope": "all"}
    response = getattr(client, method)(path, form)
    assert response.status_code == 404
    assert response.content == client.get("/nothing/here/").content
    assert not Source.objects.exists()


def test_a_list_is_shown_first_and_done_after_one_confirmation(admin: Client) -> None:
    connect(f"{HOST}/old", name="old")
    text = f"{HOST}/team/shop\n{HOST}/old\nfile:///etc\n<script>alert(1)</script>\n"
    page = admin.post("/sources/connect/list/", {"text": text}).content.decode()
    assert "1 new, 1 connected already, 2 refused" in page
    assert f'value="{HOST}/team/shop shop" checked' in page
    assert "<script>alert" not in page
    assert Source.objects.count() == 1
    done = admin.post("/sources/connect/chosen/", {"line": [f"{HOST}/team/shop shop"]})
    assert "1 connected" in done.content.decode()
    assert Source.objects.get(name="shop").jobs.get().state == Job.State.QUEUED


def test_a_list_comes_as_a_file_too(admin: Client) -> None:
    file = SimpleUploadedFile("x.csv", f"url,name\n{HOST}/a,first\n".encode("utf-8-sig"))
    page = admin.post("/sources/connect/list/", {"file": file}).content.decode()
    assert f'value="{HOST}/a first" checked' in page


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"\xff\xfe\x00", "not text in UTF-8"),
        (b"x" * 1_000_001, "too large"),
        (b"# nothing\n", "is empty"),
        (b"url,password\n", "no column"),
    ],
    ids=["binary", "large", "empty", "column"],
)
def test_a_file_that_is_no_list_is_refused(admin: Client, content: bytes, sentence: str) -> None:
    response = admin.post("/sources/connect/list/", {"file": SimpleUploadedFile("x", content)})
    assert response.status_code == 400
    assert sentence in response.content.decode()


def test_nothing_chosen_connects_nothing(admin: Client) -> None:
    assert admin.post("/sources/connect/chosen/", {}).status_code == 400
    refused = admin.post("/sources/connect/chosen/", {"line": [f"{HOST}/a"] * 5001})
    assert refused.status_code == 400
    other = {"line": [f"{HOST}/a"], "shared_credential": "999"}
    assert admin.post("/sources/connect/chosen/", other).status_code == 400
    assert not Source.objects.exists()


def test_what_changed_since_the_preview_is_told(admin: Client) -> None:
    connect(f"{HOST}/else", name="shop")
    done = admin.post(
        "/sources/connect/chosen/", {"line": [f"{HOST}/team/shop shop", f"{HOST}/b b"]}
    ).content.decode()
    assert "1 connected, 1 left out" in done
    assert "already a source shop" in done


def test_five_hundred_lines_are_shown_and_connected(admin: Client) -> None:
    text = "\n".join(f"{HOST}/team/repository-{number}" for number in range(500))
    response = admin.post("/sources/connect/list/", {"text": text})
    lines = [one.as_line for one in response.context["planned"]]
    admin.post("/sources/connect/chosen/", {"line": lines})
    assert Source.objects.count() == Job.objects.count() == 500


@pytest.fixture
def gitlab(settings: Settings) -> Iterator[HostServer]:
    settings.GIT_ALLOW_HTTP = True
    settings.GIT_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    with serve_host("gitlab", {"shop": ["shop/a/web", "shop/b/web", "shop/old"]}) as server:
        server.archived = {"shop/old"}
        yield server


@pytest.fixture
def token(db: None) -> SharedCredential:
    return add("reader", Credential("git", TOKEN))


def asked(server: HostServer, token: SharedCredential, **changed: str) -> dict[str, object]:
    form = {"kind": "gitlab", "address": server.address, "group": "shop"}
    return {**form, "shared_credential": token.pk, **changed}


def test_a_group_of_a_host_is_listed_and_what_stays_chosen_is_connected(
    admin: Client, gitlab: HostServer, token: SharedCredential
) -> None:
    response = admin.post("/sources/connect/host/", asked(gitlab, token))
    page = response.content.decode()
    assert "2 new, 0 connected already, 0 refused" in page
    assert TOKEN not in page
    lines = [one.as_line for one in response.context["planned"]]
    assert lines == [f"{gitlab.clone_url(f'shop/{x}/web')} {x}-web" for x in "ab"]
    admin.post("/sources/connect/chosen/", {"line": lines[1:], "shared_credential": token.pk})
    source = Source.objects.get()
    assert (source.name, source.shared_credential) == ("b-web", token)


def test_a_host_without_repositories_says_so(
    admin: Client, gitlab: HostServer, token: SharedCredential
) -> None:
    gitlab.groups["shop"] = []
    page = admin.post("/sources/connect/host/", asked(gitlab, token)).content.decode()
    assert "Nothing to connect" in page


def test_what_lies_on_another_host_is_not_offered(
    admin: Client, gitlab: HostServer, token: SharedCredential, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The edge: what the server writes into its answers.
    monkeypatch.setattr(HostServer, "clone_url", lambda self, path: f"https://evil.example/{path}")
    page = admin.post("/sources/connect/host/", asked(gitlab, token)).content.decode()
    assert "0 new, 0 connected already, 2 refused" in page


@pytest.mark.parametrize(
    ("changed", "field", "sentence"),
    [
        ({"group": "other"}, "group", "knows no group called other"),
        ({"group": "../x"}, "group", "cannot be the path"),
        ({"shared_credential": ""}, "shared_credential", "does not accept the token"),
        ({"address": "http://169.254.169.254"}, "address", "link-local"),
        ({"address": "file:///etc"}, "address", "not allowed"),
        ({"address": ""}, "address", "required"),
    ],
)
def test_what_a_host_refuses_stands_beside_its_field(
    admin: Client,
    gitlab: HostServer,
    token: SharedCredential,
    changed: dict[str, str],
    field: str,
    sentence: str,
) -> None:
    response = admin.post("/sources/connect/host/", asked(gitlab, token, **changed))
    assert response.status_code == 400
    assert sentence in str(response.context["form"].errors[field])
    assert TOKEN not in response.content.decode()


@pytest.fixture
def many(db: None) -> list[Source]:
    now = timezone.now()
    sources = Source.objects.bulk_create(
        Source(
            name=f"source-{number:03}",
            kind="remote",
            location=f"{HOST}/team/{number}.git",
            is_paused=number % 100 == 7,
            checked_at=now - timedelta(minutes=number) if number else None,
        )
        for number in range(500)
    )
    Ref.objects.bulk_create(
        Ref(source=source, name="main", is_default=True, commit="a" * 40, committed_at=now)
        for source in sources
    )
    Job.objects.bulk_create(
        Job(source=source, state="failed" if number % 50 == 3 else "done", created_at=now)
        for number, source in enumerate(sources)
    )
    return sources


def test_five_hundred_sources_are_counted_narrowed_and_cut_into_pages(
    admin: Client, many: list[Source], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    started = time.monotonic()
    admin.get("/theme/")  # a session is noted once a minute
    with django_assert_max_num_queries(14):
        page = admin.get("/sources/").content.decode()
    assert time.monotonic() - started < 30
    assert "5 paused" in page
    assert "Page 1 of 10" in page
    assert page.count('name="source"') == 50
    shown = admin.get("/sources/", {"state": "paused"})
    assert [one.name for one in shown.context["sources"]] == [
        f"source-{number}" for number in ("007", "107", "207", "307", "407")
    ]
    assert "5 of 500 shown" in shown.content.decode()


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ({"q": "TEAM/499"}, "source-499"),
        ({"q": "SOURCE-012"}, "source-012"),
        ({"sort": "lag"}, "source-000"),
        ({"sort": "lag", "q": "source-4"}, "source-499"),
        ({"kind": "remote", "page": "10"}, "source-450"),
        ({"state": "nonsense", "sort": "odd", "page": "x"}, "source-000"),
    ],
)
def test_the_list_is_narrowed_and_sorted(
    admin: Client, many: list[Source], query: dict[str, str], first: str
) -> None:
    sources = list(admin.get("/sources/", query).context["sources"])
    assert sources[0].name == first
    assert not list(admin.get("/sources/", {"kind": "archive"}).context["sources"])


def test_a_reader_does_not_learn_addresses_from_the_filter(
    client: Client, reader: User, many: list[Source]
) -> None:
    set_grant("readers", many[3])
    client.force_login(reader)
    assert [one.name for one in client.get("/sources/").context["sources"]] == ["source-003"]
    assert not list(client.get("/sources/", {"q": "team/3"}).context["sources"])
    page = client.get("/sources/").content.decode()
    assert 'name="source"' not in page
    assert 'value="pause"' not in page


def test_several_sources_are_paused_resumed_and_synced(admin: Client, many: list[Source]) -> None:
    names = ["source-001", "source-002", "source-007"]
    said = admin.post(
        "/sources/connect/several/",
        {"action": "pause", "source": names, "query": "state=paused&evil=1"},
        follow=True,
    )
    assert said.redirect_chain == [("/sources/?state=paused", 302)]
    assert "Of 3 chosen, 2 are paused." in said.content.decode()
    admin.post("/sources/connect/several/", {"action": "sync", "source": names})
    assert not Job.objects.filter(state="queued").exists()
    admin.post(
        "/sources/connect/several/", {"action": "resume", "scope": "all", "query": "state=paused"}
    )
    assert not Source.objects.filter(is_paused=True).exists()
    assert Job.objects.filter(state="queued").count() == 7


@pytest.mark.parametrize("form", [{}, {"action": "remove"}, {"action": "sync"}])
def test_an_action_without_a_choice_does_nothing(
    admin: Client, many: list[Source], form: dict[str, str]
) -> None:
    assert admin.post("/sources/connect/several/", form).status_code == 302
    assert not Job.objects.filter(state="queued").exists()


class TestCommands:
    def test_a_file_is_previewed_and_connected(
        self, db: None, capsys: pytest.CaptureFixture[str], tmp_path: Path, token: SharedCredential
    ) -> None:
        file = tmp_path / "list"
        file.write_text(f"{HOST}/a\n{HOST}/b second main\n")
        call_command("connect_many", str(file), "--dry-run")
        assert capsys.readouterr().out == (f"new        {HOST}/a  a\nnew        {HOST}/b  second\n")
        assert not Source.objects.exists()
        call_command("connect_many", str(file), "--credential", "reader")
        assert capsys.readouterr().out.endswith("2 connected, 0 were already, 0 refused.\n")
        assert Source.objects.filter(shared_credential=token).count() == 2
        call_command("connect_many", str(file))
        assert capsys.readouterr().out.endswith("0 connected, 2 were already, 0 refused.\n")

    def test_a_refused_line_fails_the_command_and_not_the_others(
        self, db: None, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        file = tmp_path / "list"
        file.write_text(f"ext::sh\n{HOST}/b\n")
        with pytest.raises(CommandError, match="1 of 2 lines were refused"):
            call_command("connect_many", str(file))
        assert "1 connected, 0 were already, 1 refused." in capsys.readouterr().out
        assert Source.objects.get().name == "b"

    @pytest.mark.parametrize(
        "arguments", [["nowhere"], ["{file}", "--credential", "none"], ["{file}"]]
    )
    def test_refuses_in_one_sentence(self, db: None, tmp_path: Path, arguments: list[str]) -> None:
        file = tmp_path / "list"
        file.write_bytes(b"\xff\xfe\x00")
        if "--credential" in arguments:
            file.write_text(f"{HOST}/a")
        with pytest.raises(CommandError) as caught:
            call_command("connect_many", *(one.format(file=file) for one in arguments))
        assert "\n" not in str(caught.value)
        assert not Source.objects.exists()

    def test_credentials_are_stored_replaced_used_and_removed(
        self, db: None, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        file = tmp_path / "token"
        file.write_text("tkn-9f3a\n")
        call_command("credential", "bot", "--username", "robot", "--secret-file", str(file))
        call_command("credential", "bot", "--secret-file", str(file))
        call_command("connect", f"{HOST}/a", "--name", "a", "--credential", "bot")
        assert Source.objects.get().shared_credential == SharedCredential.objects.get(name="bot")
        with pytest.raises(CommandError, match="bot is used by a"):
            call_command("credential", "bot", "--remove")
        call_command("remove", "a", "--yes")
        call_command("credential", "bot", "--remove")
        assert not SharedCredential.objects.exists()
        said = capsys.readouterr()
        assert "tkn-9f3a" not in said.out + said.err

    @pytest.mark.parametrize(
        "arguments",
        [
            ["credential", "bot"],
            ["credential", "a/b", "--secret-file", "{file}"],
            ["credential", "bot", "--remove"],
            ["connect", f"{HOST}/a", "--name", "a", "--credential", "bot"],
            ["connect", f"{HOST}/a", "--name", "a", "--credential", "b", "--secret-file", "{file}"],
            ["remove", "shop"],
            ["remove", "other", "--yes"],
        ],
        ids=lambda arguments: " ".join(arguments),
    )
    def test_other_commands_refuse_in_one_sentence(
        self, db: None, tmp_path: Path, arguments: list[str]
    ) -> None:
        connect(f"{HOST}/shop", name="shop")
        file = tmp_path / "token"
        file.write_text("x")
        with pytest.raises(CommandError) as caught:
            call_command(*(one.format(file=file) for one in arguments))
        assert "\n" not in str(caught.value)
        assert Source.objects.get().name == "shop"
