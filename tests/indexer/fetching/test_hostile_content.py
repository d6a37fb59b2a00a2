"""Hostile repositories and settings against real git: nothing of them runs or is asked."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from indexer.errors import FetchRefused
from indexer.fetching.location import parse_location
from indexer.fetching.mirror import SshKey, fetch, iter_tree
from indexer.fetching.policy import LocationPolicy
from tests.gitrepos import Repository, make_repository
from tests.gitserver import GitServer
from tests.indexer.fetching.hostile import counting_listener, refusal

SECRET = "s3cret-token-0123456789/+=%"


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
