"""Hostile addresses and servers against real git: nothing runs, nothing leaks."""

from __future__ import annotations

import base64
import logging
import socket
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from indexer.errors import FetchFailed, FetchRefused, LocationRefused
from indexer.fetching.location import Location, parse_location
from indexer.fetching.mirror import Credential, FetchedRefs, fetch
from indexer.fetching.policy import LocationPolicy
from tests.certificates import Authority
from tests.gitrepos import Repository
from tests.gitserver import GitHandler, GitServer, serve_git
from tests.indexer.fetching.hostile import counting_listener, refusal

SECRET = "s3cret-token-0123456789/+=%"


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("ext::sh -c touch% {canary}", "transport 'ext' not allowed"),
        ("file:///etc", "transport 'file' not allowed"),
        ("/etc", "transport 'file' not allowed"),
        ("fd::17", "transport 'fd' not allowed"),
        ("git://127.0.0.1/x", "transport 'git' not allowed"),
    ],
)
def test_a02_an_address_that_came_past_every_check_is_refused_by_git_itself(
    address: str, words: str, tmp_path: Path, mirror: Path, policy: LocationPolicy
) -> None:
    canary = tmp_path / "canary"
    forced = Location("remote", address.format(canary=canary))
    error = refusal(forced, mirror, policy)
    assert isinstance(error, FetchRefused)
    assert error.code == "protocol_not_allowed"
    assert words in error.message
    assert not canary.exists()


def test_a03_a_real_repository_in_a_folder_cannot_be_reached_as_a_remote(
    repository: Repository, mirror: Path, policy: LocationPolicy
) -> None:
    for address in (str(repository.path), f"file://{repository.path}"):
        error = refusal(Location("remote", address), mirror, policy)
        assert error.code == "protocol_not_allowed"
    assert not (mirror / "HEAD").exists()


def test_a04_forced_dashes_reach_git_only_behind_the_double_dash(
    tmp_path: Path, mirror: Path, policy: LocationPolicy, git_calls: Path
) -> None:
    canary = tmp_path / "canary"
    address = f"--upload-pack=touch {canary}"
    refusal(Location("remote", address), mirror, policy)
    words = git_calls.read_text().splitlines()
    assert words[words.index(address) - 1] == "--"
    assert not canary.exists()
    location = Location("remote", "https://127.0.0.1:1/x", "127.0.0.1", 1)
    with pytest.raises(LocationRefused) as caught:
        fetch(location, mirror, refs=["--upload-pack=x"], policy=policy)
    assert caught.value.code == "starts_with_dash"


def test_a05_refused_addresses_start_no_process(git_calls: Path, policy: LocationPolicy) -> None:
    for text in (
        "ext::sh -c id",
        "https://evil.example/$HOME",
        "https://${X}/a",
        "--x",
        "https://",
    ):
        with pytest.raises(LocationRefused):
            parse_location(text, LocationPolicy(hosts=("git.example.com",)))
    assert git_calls.read_text() == ""


class ProcessWatch(threading.Thread):
    """Collects the command line and environment of every process that appears."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.done = threading.Event()
        self.seen: set[bytes] = set()

    def run(self) -> None:
        while not self.done.wait(0.01):
            for folder in Path("/proc").glob("[0-9]*"):
                for name in ("cmdline", "environ"):
                    try:
                        self.seen.add((folder / name).read_bytes())
                    except OSError:
                        continue

    def __enter__(self) -> ProcessWatch:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.done.set()
        self.join()


def test_a06_credentials_never_reach_argv_config_or_logs(
    server: GitServer,
    mirror: Path,
    policy: LocationPolicy,
    git_calls: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    server.username, server.secret = "ada", SECRET
    credential = Credential("ada", SECRET)
    location = parse_location(server.url("one.git"), policy)
    with caplog.at_level(logging.DEBUG), ProcessWatch() as watch:
        fetched = fetch(location, mirror, policy=policy, credential=credential)
    assert fetched.refs
    assert set(server.authorizations) == {server.expected_authorization}

    forms = [SECRET.encode(), base64.b64encode(f"ada:{SECRET}".encode())]
    written = [path.read_bytes() for path in mirror.parent.rglob("*") if path.is_file()]
    outputs = capfd.readouterr()
    places = [
        *watch.seen,
        *written,
        git_calls.read_bytes(),
        caplog.text.encode(),
        (outputs.out + outputs.err + repr(credential) + repr(fetched)).encode(),
    ]
    assert any(b"ls-remote" in place for place in watch.seen)  # the watch did see git
    assert not [place for place in places for form in forms if form in place]
    assert not mirror.with_name("1.git.fetch").exists()


def test_a06_a_server_that_sends_the_secret_back_does_not_get_it_into_the_error(
    server: GitServer, mirror: Path, policy: LocationPolicy
) -> None:
    def echo(handler: GitHandler) -> bool:
        pair = base64.b64encode(f"ada:{SECRET}".encode()).decode()
        body = f"The token {SECRET} in {pair} is unknown\x1b[2J here".encode()
        handler.send_plain(404, body, Content_Type="text/plain")
        return True

    server.behaviour = echo
    location = parse_location(server.url("one.git"), policy)
    error = refusal(location, mirror, policy, Credential("ada", SECRET))
    assert error.code == "repository_not_found"
    assert "The token ***** in ***** is unknown" in error.message
    assert SECRET not in repr(error) + str(error)
    assert "\x1b" not in error.message


def test_missing_and_wrong_credentials_are_told_apart(
    server: GitServer, mirror: Path, policy: LocationPolicy
) -> None:
    server.username, server.secret = "ada", SECRET
    location = parse_location(server.url("one.git"), policy)
    assert refusal(location, mirror, policy).code == "credentials_required"
    wrong = Credential("ada", "wrong")
    error = refusal(location, mirror, policy, wrong)
    assert isinstance(error, FetchRefused)
    assert error.code == "credentials_wrong"


def test_a_credential_with_a_line_break_cannot_be_made() -> None:
    for username, secret in (("a\nhost=evil", "b"), ("a", "b\nhost=evil"), ("a", "b\0")):
        with pytest.raises(FetchRefused) as caught:
            Credential(username, secret)
        assert caught.value.code == "credential_malformed"


def test_a07_git_itself_dies_of_a_password_in_the_address(
    server: GitServer, mirror: Path, policy: LocationPolicy
) -> None:
    forced = Location("remote", f"http://ada:hunter2@127.0.0.1:{server.port}/one.git")
    error = refusal(forced, mirror, policy)
    assert error.code == "credentials_in_url"
    assert "hunter2" not in error.message
    assert server.requests == []


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a08_redirects_are_not_followed(
    status: int, server: GitServer, mirror: Path, policy: LocationPolicy
) -> None:
    with counting_listener() as (port, seen):

        def redirect(handler: GitHandler) -> bool:
            handler.send_plain(status, Location=f"http://127.0.0.1:{port}/one.git/info/refs")
            return True

        server.behaviour = redirect
        error = refusal(parse_location(server.url("one.git"), policy), mirror, policy)
        assert isinstance(error, FetchRefused)
        assert error.code == "redirect_refused"
        assert seen == []
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://[fd00:ec2::254]/latest/meta-data/",
        "http://localhost:{port}/one.git/info/refs",
        "http://2130706433:{port}/one.git/info/refs",
        "//127.0.0.1:{port}/one.git/info/refs",
        "file:///etc/passwd",
        "ext::sh -c touch% {canary}",
        "/one.git/info/refs?service=git-upload-pack&again",
    ],
)
def test_a08_no_target_of_a_redirect_is_asked(
    target: str, server: GitServer, mirror: Path, policy: LocationPolicy, tmp_path: Path
) -> None:
    canary = tmp_path / "canary"
    with counting_listener() as (port, seen):

        def redirect(handler: GitHandler) -> bool:
            handler.send_plain(302, Location=target.format(port=port, canary=canary))
            return True

        server.behaviour = redirect
        error = refusal(parse_location(server.url("one.git"), policy), mirror, policy)
        assert error.code == "redirect_refused"
        assert seen == []
    assert len(server.requests) == 1
    assert not canary.exists()


def test_a08_a_redirect_to_another_allowed_host_is_refused_like_any_other(
    server: GitServer, repository: Repository, tmp_path: Path, mirror: Path, policy: LocationPolicy
) -> None:
    (tmp_path / "other").mkdir()
    repository.bare(tmp_path / "other" / "one.git")
    with serve_git(tmp_path / "other", host="127.0.0.2") as other:
        fetch(parse_location(other.url("one.git"), policy), mirror, policy=policy)
        asked = len(other.requests)

        def redirect(handler: GitHandler) -> bool:
            handler.send_plain(301, Location=other.url("one.git") + "/info/refs")
            return True

        server.behaviour = redirect
        error = refusal(parse_location(server.url("one.git"), policy), mirror, policy)
        assert error.code == "redirect_refused"
        assert len(other.requests) == asked


def test_a08_a_redirect_of_the_second_request_is_not_followed_either(
    server: GitServer, mirror: Path, policy: LocationPolicy
) -> None:
    with counting_listener() as (port, seen):

        def redirect(handler: GitHandler) -> bool:
            if handler.command == "POST":
                handler.send_plain(302, Location=f"http://127.0.0.1:{port}/git-upload-pack")
            return handler.command == "POST"

        server.behaviour = redirect
        error = refusal(parse_location(server.url("one.git"), policy), mirror, policy)
        assert error.code == "redirect_refused"
        assert seen == []


def test_a09_only_the_address_that_was_approved_is_connected(
    server: GitServer, mirror: Path, policy: LocationPolicy
) -> None:
    """The name does not exist for the system, so that git can only have used the pinned address."""
    answers = iter([["127.0.0.1"], ["127.0.0.2"], ["127.0.0.2"]])
    asked: list[str] = []

    def resolve(host: str) -> list[str]:
        asked.append(host)
        return next(answers)

    location = parse_location(server.url("one.git", "git.rebinding.invalid"), policy)
    fetched = fetch(location, mirror, policy=policy, resolver=resolve)
    assert fetched.refs
    assert asked == ["git.rebinding.invalid"]
    assert len(server.requests) >= 2


@pytest.mark.parametrize("answer", ["127.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1"])
def test_a09_a_name_that_leads_to_a_closed_address_is_refused(
    answer: str, server: GitServer, mirror: Path, policy: LocationPolicy, git_calls: Path
) -> None:
    location = parse_location(server.url("one.git", "git.inner.invalid"), policy)
    closed = replace(policy, networks=())
    with pytest.raises(LocationRefused) as caught:
        fetch(location, mirror, policy=closed, resolver=lambda host: [answer])
    assert caught.value.code == "host_not_allowed"
    assert server.requests == []
    assert git_calls.read_text() == ""


def test_a09_the_name_of_this_machine_is_refused(mirror: Path) -> None:
    location = parse_location("https://localhost/a", LocationPolicy())
    assert refusal(location, mirror, LocationPolicy()).code == "host_not_allowed"


def test_a09_of_several_addresses_only_open_ones_are_used(
    server: GitServer, mirror: Path, policy: LocationPolicy
) -> None:
    location = parse_location(server.url("one.git", "git.two.invalid"), policy)
    only_one = replace(policy, networks=("127.0.0.1/32",))
    with counting_listener("127.0.0.2") as (_, seen):
        answers = ["127.0.0.2", "127.0.0.1"]
        assert fetch(location, mirror, policy=only_one, resolver=lambda host: answers).refs
        assert seen == []


def test_a_host_that_does_not_exist_or_does_not_answer_is_named(
    mirror: Path, policy: LocationPolicy
) -> None:
    absent = parse_location("https://git.absent.invalid/a", policy)
    error = refusal(absent, mirror, policy)
    assert isinstance(error, FetchFailed)
    assert error.code == "host_not_found"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = refusal(parse_location(f"http://127.0.0.1:{port}/a", policy), mirror, policy)
    assert isinstance(error, FetchFailed)
    assert error.code == "host_unreachable"


def test_https_needs_a_certificate_that_the_operator_trusts(
    tmp_path: Path, server: GitServer, mirror: Path, policy: LocationPolicy
) -> None:
    authority = Authority(tmp_path)
    certificate = authority.issue("server", ("git.inner.invalid",)).together()
    trusting = replace(policy, ca_file=authority.file)
    credential = Credential("ada", SECRET)
    with serve_git(server.root, certificate=certificate) as secure:
        secure.username, secure.secret = "ada", SECRET
        location = parse_location(secure.url("one.git", "git.inner.invalid"), policy)

        def try_under(allowed: LocationPolicy) -> FetchedRefs:
            return fetch(
                location,
                mirror,
                policy=allowed,
                credential=credential,
                resolver=lambda host: ["127.0.0.1"],
            )

        with pytest.raises(FetchRefused) as caught:
            try_under(policy)
        assert caught.value.code == "certificate_refused"
        assert secure.authorizations == []
        assert try_under(trusting).refs
        assert set(secure.authorizations) == {secure.expected_authorization}
