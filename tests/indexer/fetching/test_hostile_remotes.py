"""Hostile addresses, servers and repositories against real git: nothing runs, nothing leaks."""

from __future__ import annotations

import base64
import logging
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from indexer.errors import FetchError, FetchFailed, FetchRefused, LocationRefused
from indexer.fetching.location import Location, parse_location
from indexer.fetching.mirror import Credential, FetchedRefs, SshKey, fetch, iter_tree
from indexer.fetching.policy import LocationPolicy
from tests.certificates import Authority
from tests.gitrepos import Repository, make_repository
from tests.gitserver import GitHandler, GitServer, serve_git
from tests.listeners import listening

SECRET = "s3cret-token-0123456789/+=%"


def refusal(
    location: Location,
    mirror: Path,
    policy: LocationPolicy,
    credential: Credential | None = None,
) -> FetchError:
    with pytest.raises(FetchError) as caught:
        fetch(location, mirror, policy=policy, credential=credential)
    return caught.value


@contextmanager
def counting_listener(host: str = "127.0.0.1") -> Iterator[tuple[int, list[bytes]]]:
    """Listen and record what is sent to a place where nothing should arrive."""
    seen: list[bytes] = []
    with listening(lambda connection: seen.append(connection.recv(1000)), host) as port:
        yield port, seen


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


EVIL_MODULES = (
    '[submodule "../../x"]\n\tpath = a\n\turl = ext::sh -c touch% {canary}\n'
    '[submodule "b"]\n\tpath = "b\\r"\n\turl = ./b\n\tupdate = !touch {canary}\n'
    "[include]\n\tpath = /etc/hostname\n"
)


def files_below(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


def test_a11_submodules_are_never_fetched(
    tmp_path: Path,
    server: GitServer,
    repository: Repository,
    mirror: Path,
    policy: LocationPolicy,
) -> None:
    canary = tmp_path / "canary"
    modules = repository.store(EVIL_MODULES.format(canary=canary).encode())
    commit = repository.commit_entries(
        {
            b".gitmodules": ("100644", modules),
            b"a": ("160000", repository.commits[0]),
            b"b\r": ("160000", "c" * 40),
        }
    )
    repository.push(server.root / "one.git")
    before = files_below(tmp_path)
    fetched = fetch(parse_location(server.url("one.git"), policy), mirror, policy=policy)
    assert fetched.refs["main"].commit == commit
    new = files_below(tmp_path) - before
    assert all(path == mirror.parent or path.is_relative_to(mirror.parent) for path in new)
    assert not (mirror / "modules").exists()
    assert [entry.path for entry in list(iter_tree(mirror, commit)) if entry.is_submodule] == [
        "a",
        "b\r",
    ]
    assert not canary.exists()


def test_a12_attributes_and_lfs_settings_of_a_repository_do_nothing(
    tmp_path: Path,
    server: GitServer,
    repository: Repository,
    mirror: Path,
    policy: LocationPolicy,
) -> None:
    canary = tmp_path / "canary"
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "a" * 64 + "\nsize 9\n"
    with counting_listener() as (port, seen):
        attributes = "* filter=lfs diff=evil merge=evil\n" + "".join(
            f"pattern-{number} filter=x\n" for number in range(100_000)
        )
        commit = repository.commit(
            {
                ".gitattributes": attributes + "x" * 4096 + " filter=x\n",
                ".lfsconfig": f"[lfs]\n\turl = http://127.0.0.1:{port}/lfs\n"
                f'[filter "lfs"]\n\tsmudge = touch {canary}\n',
                "large.bin": pointer,
            }
        )
        repository.push(server.root / "one.git")
        fetched = fetch(parse_location(server.url("one.git"), policy), mirror, policy=policy)
        assert fetched.refs["main"].commit == commit
        assert len(list(iter_tree(mirror, commit))) == 5
        assert seen == []
    assert not canary.exists()


def test_a13_hooks_and_settings_of_a_repository_on_disk_do_not_run(
    tmp_path: Path, repository: Repository, mirror: Path, policy: LocationPolicy
) -> None:
    canary = tmp_path / "canary"
    program = tmp_path / "evil"
    program.write_text(f"#!/bin/sh\ntouch {canary}\n")
    program.chmod(0o755)
    hooks = repository.path / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("post-checkout", "pre-upload-pack", "post-upload-pack", "reference-transaction"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {canary}\n")
        (hooks / name).chmod(0o755)
    make_repository(repository.path / "inner")
    repository.git("config", "uploadpack.packObjectsHook", str(program))
    with (repository.path / ".git" / "config").open("a") as config:
        config.write(
            f"[core]\n\tfsmonitor = {program}\n\tsshCommand = {program}\n\tpager = {program}\n"
            f"\talternateRefsCommand = {program}\n\thooksPath = {hooks}\n"
            f'[remote "origin"]\n\turl = ext::{program}\n\tpromisor = true\n\tuploadpack = {program}\n'
            "[extensions]\n\tpartialClone = origin\n"
        )
    fetched = fetch(parse_location(str(repository.path), policy), mirror, policy=policy)
    assert fetched.refs["main"].commit == repository.commits[0]
    assert not canary.exists()


def test_a13_a_missing_object_of_a_partial_copy_is_not_fetched_by_command(
    tmp_path: Path, repository: Repository, mirror: Path, policy: LocationPolicy
) -> None:
    """CVE-2024-32004: upload-pack in a crafted partial clone would run its remote's command."""
    canary = tmp_path / "canary"
    blob = repository.git("rev-parse", "HEAD:README.md")
    (repository.path / ".git/objects" / blob[:2] / blob[2:]).unlink()
    repository.git("config", "core.repositoryFormatVersion", "1")
    repository.git("config", "extensions.partialClone", "origin")
    repository.git("config", "remote.origin.promisor", "true")
    repository.git("config", "remote.origin.url", f"ext::sh -c touch% {canary}")
    repository.git("config", "protocol.ext.allow", "always")
    refusal(parse_location(str(repository.path), policy), mirror, policy)
    assert not canary.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")
def test_a13_a_repository_of_another_user_is_fetched_without_its_hooks(
    tmp_path: Path, repository: Repository, mirror: Path, policy: LocationPolicy
) -> None:
    for path in [repository.path, *repository.path.rglob("*")]:
        os.lchown(path, 12345, 12345)
    fetched = fetch(parse_location(str(repository.path), policy), mirror, policy=policy)
    assert fetched.refs["main"].commit == repository.commits[0]


def test_a14_the_settings_of_the_host_are_not_read(
    tmp_path: Path,
    server: GitServer,
    repository: Repository,
    mirror: Path,
    policy: LocationPolicy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    canary = tmp_path / "canary"
    home = tmp_path / "home"
    home.mkdir()
    hostile = (
        f"[core]\n\thooksPath = {home}\n\tsshCommand = touch {canary}\n\tfsmonitor = touch {canary}\n"
        f'[url "http://127.0.0.1:1/"]\n\tinsteadOf = {server.url("")}\n'
        f"[credential]\n\thelper = !touch {canary}\n[protocol]\n\tallow = always\n"
    )
    (home / ".gitconfig").write_text(hostile)
    (home / "system").write_text(hostile)
    (home / ".netrc").write_text("machine 127.0.0.1 login netrc password netrc\n")
    (home / "reference-transaction").write_text(f"#!/bin/sh\ntouch {canary}\n")
    (home / "reference-transaction").chmod(0o755)
    for name, value in {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
        "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"),
        "GIT_CONFIG_SYSTEM": str(home / "system"),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.hooksPath",
        "GIT_CONFIG_VALUE_0": str(home),
        "GIT_SSH_COMMAND": f"touch {canary}",
        "GIT_PROXY_COMMAND": f"touch {canary}",
        "GIT_TRACE": str(tmp_path / "trace"),
        "GIT_DIR": str(repository.path / ".git"),
        "http_proxy": "http://127.0.0.1:1",
        "ALL_PROXY": "http://127.0.0.1:1",
    }.items():
        monkeypatch.setenv(name, value)
    location = parse_location(server.url("one.git"), policy)
    assert fetch(location, mirror, policy=policy).refs
    assert not canary.exists()
    assert not (tmp_path / "trace").exists()
    server.username, server.secret = "netrc", "netrc"
    error = refusal(location, mirror, policy)
    assert error.code == "credentials_required"
    assert not canary.exists()


def test_the_product_s_own_environment_does_not_reach_git(
    repository: Repository,
    mirror: Path,
    policy: LocationPolicy,
    git_calls: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PLUMBLINE_SECRET_KEY", "environment-canary")
    fetch(parse_location(str(repository.path), policy), mirror, policy=policy)
    assert "GIT_ALLOW_PROTOCOL=file" in git_calls.read_text()
    assert "environment-canary" not in git_calls.read_text()


def test_a15_an_offered_bundle_address_is_not_asked(
    server: GitServer, mirror: Path, policy: LocationPolicy, git_calls: Path
) -> None:
    with counting_listener() as (port, seen):
        bare = Repository(server.root / "one.git")
        bare.git("config", "uploadpack.advertiseBundleURIs", "true")
        bare.git("config", "bundle.version", "1")
        bare.git("config", "bundle.mode", "all")
        bare.git("config", "bundle.first.uri", f"http://127.0.0.1:{port}/evil.bundle")
        fetch(parse_location(server.url("one.git"), policy), mirror, policy=policy)
        assert seen == []
    calls = git_calls.read_text()
    number = calls.split("=transfer.bundleURI")[0].rpartition("GIT_CONFIG_KEY_")[2]
    assert f"GIT_CONFIG_VALUE_{number}=false\n" in calls


@pytest.mark.parametrize("name", [b".git", b"..", b".GIT"])
def test_a17_damaged_trees_are_refused_and_the_mirror_is_deleted(
    name: bytes,
    server: GitServer,
    repository: Repository,
    mirror: Path,
    policy: LocationPolicy,
) -> None:
    location = parse_location(server.url("one.git"), policy)
    fetch(location, mirror, policy=policy)
    blob = repository.store(b"evil")
    tree = repository.store(b"100644 config\0" + bytes.fromhex(blob), "tree")
    repository.commit_entries({name: ("40000", tree)})
    repository.push(server.root / "one.git")
    error = refusal(location, mirror, policy)
    assert isinstance(error, FetchRefused)
    assert error.code == "fsck_failed"
    assert not mirror.exists()


FAKE_SSH = """#!/bin/sh
{{ printf '%s\\n' "$@"; env; }} >> {log}
while [ $# -gt 1 ]; do
  [ "$1" = -i ] && cat "$2" >> {log} && stat -c 'mode %a' "$2" >> {log}
  shift
done
exec sh -c "$1"
"""


def test_ssh_gets_strict_options_a_pinned_address_and_a_private_key_file(
    tmp_path: Path,
    repository: Repository,
    mirror: Path,
    policy: LocationPolicy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log = tmp_path / "ssh-calls"
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "ssh").write_text(FAKE_SSH.format(log=log))
    (folder / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    monkeypatch.setenv("SSH_AUTH_SOCK", "/somewhere/agent")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        location = parse_location(f"ssh://git@git.inner.invalid:{port}{repository.path}", policy)
        fetched = fetch(
            location,
            mirror,
            policy=policy,
            credential=SshKey("-----BEGIN KEY-----\nkey-canary\n-----END KEY-----"),
            resolver=lambda host: ["127.0.0.1"],
        )
    assert fetched.refs["main"].commit == repository.commits[0]
    said = log.read_text()
    for option in (
        "BatchMode=yes",
        "StrictHostKeyChecking=accept-new",
        f"UserKnownHostsFile={mirror}.known_hosts",
        "HostName=127.0.0.1",
        "HostKeyAlias=git.inner.invalid",
        "IdentityAgent=none",
        "IdentitiesOnly=yes",
        "key-canary",
        "mode 600",
    ):
        assert f"{option}\n" in said
    assert "SSH_AUTH_SOCK" not in said
    key_file = said.split("\n-i\n")[1].split("\n")[0]
    assert not Path(key_file).exists()
