"""What takes text from outside, each with what must hold of whatever it makes of it.

A target may refuse with its own error. Anything else that it raises, and every assertion here, is a
finding: mend it, and put the input into the corpus beside this file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import lxml.html
from ldap3.operation.search import parse_filter as parse_ldap
from ldap3.utils.conv import escape_filter_chars

from appliance.accounts.ldap.signing_in import bind_name, can_be_tried
from appliance.accounts.scim.errors import ScimError
from appliance.accounts.scim.fields import read_user
from appliance.accounts.scim.filters import parse_filter, parse_path
from appliance.accounts.scim.patching import patched, read_operations
from appliance.accounts.scim.querying import GROUPS, USERS, to_query
from appliance.common.markdown import render_document
from appliance.common.markup import ANSWER
from appliance.conversations.answering.fixing.diff_blocks import changes_in
from appliance.conversations.answering.fixing.snippets import snippets_in, without_snippets
from appliance.conversations.answering.fixing.traces import read_trace
from appliance.conversations.answering.pairing.plans import Action, PlanInvalid, read_plan
from appliance.conversations.checking.citations import compile_answer
from appliance.conversations.checking.judging import judge_answer
from appliance.conversations.checking.markers import in_brackets
from appliance.conversations.evidence import CitedDocument
from appliance.conversations.rendering import render_markdown
from appliance.sources.hooks import NoticeRefused, read_notice
from appliance.sources.hooks.host import signature
from indexer.codesearch.errors import QueryRefused
from indexer.codesearch.query import read_query
from indexer.fetching.patterns import matches
from indexer.masking.masking import mask
from tests.appliance.conversations.pieces import piece

CORPUS = Path(__file__).parent / "corpus"
SECRET = "a secret of this address"
HOST_HEADERS: tuple[dict[str, str], ...] = (
    {"X-GitHub-Event": "push"},
    {"X-GitHub-Event": "delete"},
    {"X-Gitlab-Event": "Push Hook", "X-Gitlab-Token": SECRET},
    {"X-Gitea-Event": "push"},
    {"X-Forgejo-Event": "create"},
    {"X-Event-Key": "repo:push"},
    {"X-Event-Key": "repo:refs_changed"},
    {"Authorization": f"Bearer {SECRET}"},
)
OUTSIDE = {"src", "action", "formaction", "srcset", "style", "background", "poster"}


@dataclass(frozen=True, slots=True)
class Target:
    """One reader of text from outside, and the errors with which it may refuse."""

    name: str
    run: Callable[[str], None]
    refusals: tuple[type[Exception], ...] = ()

    def look(self, text: str) -> None:
        with suppress(*self.refusals):
            self.run(text)

    @property
    def seeds(self) -> list[str]:
        """Return the corpus: what it is meant for, and what once broke it. One file, one input."""
        files = sorted((CORPUS / self.name).glob("*"))
        return [file.read_bytes().decode("utf-8", "surrogatepass") for file in files]


def code_query(text: str) -> None:
    query = read_query(text)
    assert read_query(str(query)) == query  # one spelling, which reads back as the same


def scim_filter(text: str) -> None:
    found = parse_filter(text)
    for tests in (USERS, GROUPS):
        try:
            to_query(found, tests)
        except ScimError:
            continue


def scim_path(text: str) -> None:
    parse_path(text)


def scim_body(text: str) -> None:
    body = _object(text)
    for _ in read_operations(body):
        pass


def scim_user(text: str) -> None:
    body = _object(text)
    fields = read_user(body)
    assert fields.user_name
    patched(fields, read_operations(body))


def ldap_filter(text: str) -> None:
    """Whatever somebody types as a name, it is the value of one comparison and no part of a filter."""
    text = text.strip()  # as the back end of signing in does
    if not can_be_tried(text, "a password"):
        return
    name = escape_filter_chars(text)
    root = parse_ldap(f"(&(a=b)(|(uid={name})))", None, True, True, None, False)
    (both,) = root.elements
    assert len(both.elements) == 2
    (compared,) = both.elements[1].elements
    assert not compared.elements
    assert compared.assertion["attr"] == "uid"
    value = re.sub(rb"\\([0-9a-f]{2})", _byte, compared.assertion["value"])
    assert value == text.encode()


def _byte(found: re.Match[bytes]) -> bytes:
    return bytes([int(found[1], 16)])


def ldap_name(text: str) -> None:
    """A name cannot bring another part into a distinguished name."""
    if not can_be_tried(text, "a password"):
        return
    before, after = "uid=", ",ou=people,dc=example"
    name = bind_name(before + "{name}" + after, text)
    assert name.startswith(before)
    assert name.endswith(after)
    value = name.removeprefix(before).removesuffix(after)
    assert not value.startswith(("#", " "))  # the beginnings of other forms of a value (RFC 4514)
    bare = re.sub(r"\\.", "", value)
    assert not set(bare) & set(',+;"<>\\')


def notice(text: str) -> None:
    body = text.encode("utf-8", "surrogatepass")
    signed = signature(body, SECRET)
    for headers in HOST_HEADERS:
        given = headers | {
            "X-Hub-Signature-256": f"sha256={signed}",
            "X-Hub-Signature": f"sha256={signed}",
            "X-Gitea-Signature": signed,
            "X-Forgejo-Signature": signed,
        }
        try:
            told = read_notice(given, body, SECRET)
        except (ValueError, RecursionError):
            continue
        told.concerns(["main", "release/*"])
        assert told.refs is None or all(isinstance(ref, str) for ref in told.refs)


def forged_notice(text: str) -> None:
    """What is sent as its own signature opens nothing."""
    body = text.encode("utf-8", "surrogatepass")
    names = ("X-Hub-Signature-256", "X-Gitea-Signature", "X-Gitlab-Token", "webhook-signature")
    for headers in HOST_HEADERS[:6]:
        event = {name: value for name, value in headers.items() if SECRET not in value}
        try:
            read_notice(event | dict.fromkeys(names, text), body, SECRET)
        except NoticeRefused:
            continue
        raise AssertionError(f"taken: {event}")


def answer(text: str) -> None:
    # Half a surrogate pair ends where the answer arrives: inference.streaming.
    html = render_markdown(text.encode("utf-8", "replace").decode())
    for element in _elements(html):
        assert element.tag in ANSWER.tags | {"div"}
        assert set(element.attrib) <= {"class", "start"}


def document(text: str) -> None:
    text = text.encode("utf-8", "replace").decode()  # as what was read of a repository
    html = str(render_document(text, lambda target: "/inside/" if target == "a.md" else ""))
    for element in _elements(html):
        assert not set(element.attrib) & OUTSIDE
        assert not any(name.startswith("on") for name in element.attrib)
        assert element.get("href", "/").startswith("/")
        assert not element.get("href", "/").startswith("//")


def citations(text: str) -> None:
    compiled = compile_answer(text, {})
    assert compiled.cited == ()  # nothing was offered, so nothing can be cited


def judged(text: str) -> None:
    """What an answer says of lines is tested against the lines: both may be anything."""
    text = text.encode("utf-8", "replace").decode()
    lines = replace(piece("E1", 1, text.count("\n") + 1), text=text)
    held = CitedDocument.of(text)
    judgements = judge_answer(f"{text} [E1].", {"E1": lines}, lambda evidence: held)
    assert "".join(one.sentence.text for one in judgements) == in_brackets(f"{text} [E1].")


def plan(text: str) -> None:
    for allowed in (set(Action), {Action.WRITE}):
        try:
            assert read_plan(text, allowed=allowed).action in allowed
        except PlanInvalid:
            continue


def trace(text: str) -> None:
    assert len(read_trace(text).frames) < 1000


def changes(text: str) -> None:
    for change in changes_in(text):
        assert isinstance(change.path, str)
    snippets_in(text)
    without_snippets(text)


def masked(text: str) -> None:
    found = mask(text, "settings.py")
    assert found.text.count("\n") == text.count("\n")  # citations count lines


def ref_pattern(text: str) -> None:
    pattern, _, name = text.partition("\n")
    matches(pattern, f"refs/heads/{name}")
    matches(text, "refs/tags/v1")


def _object(text: str) -> dict[str, Any]:
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError("no object")
    return found


def _elements(html: str) -> list[Any]:
    if not html.strip():
        return []
    return list(lxml.html.fragment_fromstring(html, create_parent="div").iter())


TARGETS = (
    Target("code-query", code_query, (QueryRefused,)),
    Target("scim-filter", scim_filter, (ScimError,)),
    Target("scim-path", scim_path, (ScimError,)),
    Target("scim-body", scim_body, (ScimError, ValueError, RecursionError)),
    Target("scim-user", scim_user, (ScimError, ValueError, RecursionError)),
    Target("ldap-filter", ldap_filter),
    Target("ldap-name", ldap_name),
    Target("notice", notice, (NoticeRefused,)),
    Target("forged-notice", forged_notice, (ValueError,)),
    Target("answer", answer),
    Target("document", document),
    Target("citations", citations),
    Target("judged", judged),
    Target("plan", plan),
    Target("trace", trace),
    Target("changes", changes),
    Target("masked", masked),
    Target("ref-pattern", ref_pattern),
)
