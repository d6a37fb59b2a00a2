"""Addresses, paths and ref names that people type, and those that attackers type."""

from __future__ import annotations

import re
from subprocess import Popen
from unittest.mock import patch

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from indexer.errors import LocationRefused
from indexer.fetching.location import Location, check_ref, is_commit_hash, parse_location
from indexer.fetching.policy import LocationPolicy
from tests.indexer.fetching.places import STRICT, refusal

LISTED = LocationPolicy(hosts=("git.example.com", "*.corp.example"))


@pytest.mark.parametrize(
    ("text", "url", "host", "port"),
    [
        ("https://git.example.com/a/b.git", None, "git.example.com", 443),
        (" https://git.example.com/a/b.git ", "https://git.example.com/a/b.git", None, 443),
        ("https://GIT.Example.com:8443/a", "https://git.example.com:8443/a", None, 8443),
        ("HTTPS://git.example.com/a%20b/_git/c", "https://git.example.com/a%20b/_git/c", None, 443),
        ("https://10.1.2.3/a.git", None, "10.1.2.3", 443),
        ("https://[fd00::7]:8443/a.git", None, "fd00::7", 8443),
        ("ssh://git@git.example.com:2222/a.git", None, "git.example.com", 2222),
        ("ssh://git@git.example.com/~me/a.git", None, "git.example.com", 22),
        ("git@git.example.com:group/a.git", None, "git.example.com", 22),
        ("git.example.com:group/a.git", None, "git.example.com", 22),
    ],
)
def test_addresses_of_git_servers_are_understood(
    text: str, url: str | None, host: str | None, port: int
) -> None:
    location = parse_location(text, STRICT)
    assert location.kind == "remote"
    assert location.url_or_path == (url or text)
    assert location.host == (host or "git.example.com")
    assert location.port == port


def test_an_scp_like_address_is_ssh() -> None:
    assert parse_location("git@git.example.com:group/a.git", STRICT).scheme == "ssh"


@pytest.mark.parametrize(
    "text",
    [
        "ext::sh -c touch% /tmp/p",
        "EXT::sh -c touch% /tmp/p",
        "fd::17",
        "::x",
        "git://git.example.com/a",
        "ftp://git.example.com/a",
        "http://git.example.com/a",
        "javascript://x/y",
        "file:///etc",
        "git+ssh://git.example.com/a",
    ],
)
def test_a01_other_schemes_are_refused(text: str) -> None:
    assert refusal(text) == "url_scheme_not_allowed"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("file:///etc", "url_scheme_not_allowed"),
        ("/srv/other", "path_not_allowed"),
        ("../x", "path_not_allowed"),
        ("\\\\host\\x", "path_not_allowed"),
        ("C:\\repos\\x", "path_not_allowed"),
        ("~/x", "path_not_allowed"),
        (".", "path_not_allowed"),
    ],
)
def test_a03_paths_are_refused_where_only_servers_are_allowed(text: str, code: str) -> None:
    assert refusal(text) == code


@pytest.mark.parametrize(
    "text",
    [
        "--upload-pack=touch /tmp/p",
        "-u",
        "--config=core.hooksPath=/x",
        "  --x",
        "https://-oProxyCommand=x/a",
        "ssh://-oProxyCommand=x/a",
        "ssh://-oProxyCommand@git.example.com/a",
        "git@-oProxyCommand=x:a",
        "git.example.com:-x",
        "git.example.com:--upload-pack=x",
    ],
)
def test_a04_nothing_may_begin_with_a_dash(text: str) -> None:
    assert refusal(text) == "starts_with_dash"


@pytest.mark.parametrize(
    "text",
    [
        "https://ada:secret@git.example.com/a",
        "https://token@git.example.com/a",
        "https://@git.example.com/a",
        "https://a%3Ab@git.example.com/a",
        "ssh://git:secret@git.example.com/a",
    ],
)
def test_a07_credentials_in_the_address_are_refused(text: str) -> None:
    assert refusal(text) == "credentials_in_url"


def test_a07_the_refusal_does_not_repeat_the_secret() -> None:
    with pytest.raises(LocationRefused) as caught:
        parse_location("https://ada:hunter2@git.example.com/a", STRICT)
    assert "hunter2" not in repr(caught.value) + str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "https://git.example.com/a\r",
        "https://git.example.com/a\n\nhost=evil",
        "https://git.example.com/a%0ahost=evil",
        "https://git.example.com/a%00",
        "https://git.example.com/a\x00",
        "https://git.exa\u200bmple.com/a",
        "https://git.example.com/\u202ea",
        "https://git.example.com/\ud800",
        "git@git.example.com:a\u2028b",
        "/srv/a\tb",
    ],
)
def test_control_and_invisible_characters_are_refused(text: str) -> None:
    assert refusal(text) == "control_characters"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        ("https://", "host_malformed"),
        ("https:///a", "host_malformed"),
        ("https://git.example.com", "path_malformed"),
        ("https://git.example.com/", "path_malformed"),
        ("https://git.example.com/a?b=c", "path_malformed"),
        ("https://git.example.com/a#b", "path_malformed"),
        ("https://git.example.com/$HOME/${X}", "path_malformed"),
        ("https://git.example.com\\@evil.example/a", "credentials_in_url"),
        ("https://git.example.com#@evil.example/a", "credentials_in_url"),
        ("https://git.example.com:99999/a", "port_malformed"),
        ("https://git.example.com:0/a", "port_malformed"),
        ("https://git.example.com:/a", "port_malformed"),
        ("https://git.example.com:8a/a", "url_malformed"),
        ("https://b\u00fccher.example/a", "host_malformed"),
        ("https://git..example.com/a", "host_malformed"),
        ("https://git.example.com./a", "host_malformed"),
        ("https://2130706433/a", "host_malformed"),
        ("https://0x7f.1/a", "host_malformed"),
        ("https://127.1/a", "host_malformed"),
        ("https://[::1/a", "url_malformed"),
        ("https://[::g]/a", "url_malformed"),
        ("https://" + "a" * 3000 + "/a", "too_long"),
    ],
)
def test_malformed_addresses_are_refused(text: str, code: str) -> None:
    assert refusal(text) == code


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.9.9.9",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "169.254.169.254",
        "[fe80::1]",
        "0.0.0.0",  # noqa: S104
        "[::]",
        "224.0.0.1",
        "255.255.255.255",
    ],
)
def test_addresses_of_this_machine_and_of_metadata_services_are_refused(host: str) -> None:
    assert refusal(f"https://{host}/a") == "host_not_allowed"
    assert refusal(f"ssh://git@{host}/a") == "host_not_allowed"


def test_the_operator_can_open_a_closed_network() -> None:
    policy = LocationPolicy(networks=("127.0.0.0/8", "::1/128"))
    assert parse_location("https://127.0.0.1/a", policy).host == "127.0.0.1"
    assert parse_location("https://[::1]/a", policy).host == "::1"
    assert refusal("https://169.254.169.254/a", policy) == "host_not_allowed"


def test_only_listed_hosts_pass_when_hosts_are_listed() -> None:
    assert parse_location("https://git.example.com/a", LISTED).host == "git.example.com"
    assert parse_location("https://x.corp.example/a", LISTED).host == "x.corp.example"
    for host in ("evil.example", "git.example.com.evil.example", "corp.example", "10.0.0.1"):
        assert refusal(f"https://{host}/a", LISTED) == "host_not_allowed"


def test_http_passes_only_when_the_operator_says_so() -> None:
    policy = LocationPolicy(schemes=frozenset({"http"}))
    assert parse_location("http://git.example.com/a", policy).port == 80
    assert refusal("https://git.example.com/a", policy) == "url_scheme_not_allowed"
    assert refusal("git@git.example.com:a", policy) == "url_scheme_not_allowed"


def test_a_policy_with_an_unknown_scheme_or_network_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="ext"):
        LocationPolicy(schemes=frozenset({"ext"}))
    with pytest.raises(ValueError, match="nonsense"):
        LocationPolicy(networks=("nonsense",))


# What fuzzing should mix: pieces with a meaning to shells, git, curl or parsers.
PIECES = st.sampled_from(
    [
        *("https://", "http://", "ssh://", "ext::", "file://", "git@", "user:pw@", "//", "::"),
        *("git.example.com", "127.0.0.1", "[::1]", "evil.example", "localhost", "b\u00fccher.de"),
        *("\r", "\n", "\0", "\t", " ", "%0a", "%00", "%2e", "$HOME", "${X}", "$(id)", "`id`"),
        *("-", "--upload-pack=x", "@", ":", "/", "\\", "?", "#", "..", "~", "8080", ".git", "a"),
        *("\u202e", "\ud800", "\U000e0041", "\uff0e", "\u2100"),
    ]
)
ADDRESSES = st.one_of(
    st.text(max_size=60),
    st.lists(st.one_of(PIECES, st.text(max_size=4)), max_size=8).map("".join),
    st.tuples(st.sampled_from(["https://", "ssh://"]), st.text(max_size=40)).map("".join),
)


def parses_to_a_listed_host_or_is_refused(text: str) -> None:
    outcome: Location | LocationRefused
    with patch.object(Popen, "__init__", side_effect=AssertionError("a process was started")):
        try:
            outcome = parse_location(text, LISTED)
        except LocationRefused as refused:
            outcome = refused
    if isinstance(outcome, Location):
        check_accepted(outcome)
    else:
        assert re.fullmatch(r"[a-z_]+", outcome.code)
        assert outcome.message


def check_accepted(location: Location) -> None:
    assert location.kind == "remote"
    host = location.host or ""
    assert host == "git.example.com" or host.endswith(".corp.example")
    assert f"{host}/" in location.url_or_path or f"{host}:" in location.url_or_path
    assert location.url_or_path.isascii()
    assert location.url_or_path.isprintable()
    assert not set(location.url_or_path) & set(" $`\\?#\"'<>|;&*{}^")
    assert not location.url_or_path.startswith("-")


@settings(max_examples=300, deadline=None)
@given(ADDRESSES)
@example("https://git.example.com/a")
@example("https://git.example.com:443@evil.example/a")
def test_a05_every_text_is_a_listed_host_or_refused_with_a_code(text: str) -> None:
    parses_to_a_listed_host_or_is_refused(text)


@pytest.mark.slow
@settings(max_examples=10_000, deadline=None)
@given(ADDRESSES)
def test_a05_ten_thousand_texts_are_listed_hosts_or_refused_with_a_code(text: str) -> None:
    parses_to_a_listed_host_or_is_refused(text)


@given(st.text(max_size=60))
@example("main")
def test_a05_every_ref_name_is_refused_with_a_code_or_harmless(name: str) -> None:
    try:
        accepted = check_ref(name)
    except LocationRefused:
        return
    assert not accepted.startswith(("-", "/", "."))
    assert not set(accepted) & set(" ~^:?[\\\0\n\r")
    assert ".." not in accepted


@pytest.mark.parametrize(
    "name",
    ["main", "feature/x", "v1.2.3", "a-b", "HEAD", "refs/tags/v1", "é", "*", "**", "v*", "tags/v*"],
)
def test_ordinary_refs_pass(name: str) -> None:
    assert check_ref(name) == name


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("-u", "starts_with_dash"),
        ("--upload-pack=x", "starts_with_dash"),
        ("", "empty"),
        ("a\nb", "control_characters"),
        ("a..b", "ref_not_allowed"),
        ("a^{tree}", "ref_not_allowed"),
        ("main:README", "ref_not_allowed"),
        ("main@{1}", "ref_not_allowed"),
        ("@", "ref_not_allowed"),
        ("a b", "ref_not_allowed"),
        ("/a", "ref_not_allowed"),
        ("a/", "ref_not_allowed"),
        ("a//b", "ref_not_allowed"),
        (".a", "ref_not_allowed"),
        ("a/.b", "ref_not_allowed"),
        ("a.lock", "ref_not_allowed"),
        ("a**b", "ref_not_allowed"),
        ("-*", "starts_with_dash"),
        ("release/..*", "ref_not_allowed"),
        ("v[0-9]*", "ref_not_allowed"),
        ("v?", "ref_not_allowed"),
        ("*/", "ref_not_allowed"),
        ("a\\b", "ref_not_allowed"),
        ("a" * 300, "ref_not_allowed"),
    ],
)
def test_a04_refs_that_git_could_take_for_something_else_are_refused(name: str, code: str) -> None:
    with pytest.raises(LocationRefused) as caught:
        check_ref(name)
    assert caught.value.code == code


def test_commit_hashes_are_recognised() -> None:
    assert is_commit_hash("0123abc")
    assert is_commit_hash("a" * 40)
    assert not is_commit_hash("abc")
    assert not is_commit_hash("a" * 41)
    assert not is_commit_hash("main")
