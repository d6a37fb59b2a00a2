"""C11: whatever people, repositories and models call things, a page shows it as text.

Each attack would leave a mark in the page if it got out of its place: a tag or an attribute.
"""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import quote

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from appliance.accounts.glass import open_glass
from appliance.accounts.models import BrokenGlass, Role, RoleGrant, TokenRight, User
from appliance.accounts.tokens import create_token
from appliance.conversations.curating.models import Feedback
from appliance.conversations.models import Message
from appliance.conversations.sharing import share
from appliance.sources.granting import set_grant
from indexer.models import Job, SharedCredential, Source
from tests import gitrepos
from tests.appliance.conversations.conftest import (  # noqa: F401
    MessageFactory,
    lines_of,
    message_factory,
)
from tests.appliance.web.routes import routes
from tests.conftest import RepositoryFactory, SourceFactory, UserFactory

pytestmark = [pytest.mark.services, pytest.mark.django_db]

ATTACKS = (
    '"><img src=x onerror=alert(1) xssmark>',
    "'><svg onload=alert(1) xssmark>",
    "</script><script xssmark>alert(1)</script>",
    "</style></title></textarea><xssmark>",
    "<details open ontoggle=alert(1) xssmark>",
    '<iframe srcdoc="<xssmark>" xssmark></iframe>',
    "[x](javascript:alert(1)) ![x](javascript:alert(1))",
    "<a href=javascript:alert(1) xssmark>x</a>",
    '" autofocus onfocus=alert(1) xssmark="',
    "{{ xssmark }}{% xssmark %}${xssmark}",
    "```mermaid\ngraph TD; A[<img src=x onerror=alert(1) xssmark>]\n```",
    "$$\\href{javascript:alert(1)}{<img xssmark>}$$",
    "<math><mtext><table><mglyph><style><!--</style><img title='--><img xssmark>'>",
    "<noscript><p title='</noscript><img xssmark>'>",
    "&lt;img xssmark&gt; \u2028<img\u00a0xssmark>",
)
CORPUS = " ".join(ATTACKS)
SHORT = "\"'><img src=x onerror=a() xssmark>"  # for what may not be longer
PATH = f"{SHORT}.py"  # a name of a file holds all but a slash
SHOP = quote(SHORT, safe="")  # what the source is called in the end
AUTHOR = "\" autofocus onfocus=alert(1) xssmark='{{ xssmark }}"  # git takes angle brackets out


class Page(HTMLParser):
    """Finds what would run, and every mark of an attack that got out of its place."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.dangers: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _ in attrs}
        values = dict(attrs)
        if tag == "xssmark" or "xssmark" in names:
            self.dangers.append(f"<{tag}> is marked")
        if any(name.startswith("on") or name == "style" for name in names):
            self.dangers.append(f"<{tag}> has a handler or a style: {names}")
        if tag in {"iframe", "object", "embed", "math", "style", "base"}:
            self.dangers.append(f"<{tag}>")
        if tag == "script" and not (values.get("src") or "").startswith("/static/"):
            self.dangers.append("a script that is not ours")
        for name in ("href", "src", "action", "formaction", "hx-get", "hx-post"):
            target = (values.get(name) or "/").strip().lower()
            if not target.startswith(("/", "?", "#")):
                self.dangers.append(f"<{tag} {name}={target[:60]!r}>")

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_oracle_sees_an_attack() -> None:
    seen = [bool(Page(f'<p title="{attack}">{attack}</p>').dangers) for attack in ATTACKS]
    blind = [attack for attack, is_seen in zip(ATTACKS, seen, strict=True) if not is_seen]
    # Markdown and templates become attacks only when something renders them.
    assert len(blind) <= 4
    assert Page(f'<input value="{SHORT}">').dangers


@pytest.fixture
def world(
    source_factory: SourceFactory,
    user_factory: UserFactory,
    message_factory: MessageFactory,  # noqa: F811
    repository_factory: RepositoryFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[User, list[str]]:
    """Put the corpus wherever a text of somebody ends up on a page; return pages that show it."""
    text = f'"""{CORPUS}"""\n\ndef add_item(cart):\n    return "{CORPUS!r}"\n'
    monkeypatch.setitem(gitrepos.ENVIRONMENT, "GIT_AUTHOR_NAME", AUTHOR)
    repository = repository_factory({PATH: text, "README.md": f"# {CORPUS}\n\n{CORPUS}\n"})
    change = repository.commit({PATH: f"{text}# more\n"}, CORPUS)
    shop = source_factory("shop", repository=repository)
    admin = user_factory(SHORT, groups=(SHORT, "readers"), is_staff=True, first_name=SHORT)
    User.objects.filter(pk=admin.pk).update(last_name=SHORT, email=f"{SHORT}@x.example")
    RoleGrant.objects.create(role=Role.CURATOR, group=Group.objects.get(name=SHORT))
    set_grant(SHORT, shop, SHORT, allow=False)
    piece = lines_of(shop, PATH, 1, 3)
    message = message_factory(
        admin,
        f"{CORPUS} [E1]",
        [piece],
        question=CORPUS[:199],
        error=CORPUS,
        query=CORPUS,
    )
    Message.objects.filter(pk=message.pk).update(not_found=True)
    Feedback.objects.create(message=message, person=admin, is_good=False, comment=CORPUS)
    other = user_factory(f"2{SHORT}", groups=("readers",))
    share(message.thread, by=admin, user=other, group=None)
    create_token(admin, name=SHORT, rights=[TokenRight.READ], sources=[shop], by=admin)
    SharedCredential.objects.create(name=SHORT, sealed=b"")
    open_glass(admin, CORPUS)
    Job.objects.create(source=shop, state=Job.State.FAILED, error=CORPUS, error_code="x")
    Source.objects.filter(pk=shop.pk).update(name=SHORT, location=f"https://x.example/{SHORT}")
    group = Group.objects.get(name=SHORT)
    return admin, [
        "/", f"/threads/{message.thread_id}/", f"/threads/{message.thread_id}/share/?who={SHORT}",
        f"/threads/{message.thread_id}/delete/", f"/messages/{message.pk}/evidence/",
        f"/messages/{message.pk}/prompt/", f"/messages/{message.pk}/feedback/",
        f"/messages/{message.pk}/delete/", f"/curation/{message.pk}/", "/curation/?state=all",
        f"/people/{admin.pk}/", f"/people/{admin.pk}/disable/", f"/groups/{group.pk}/",
        "/search/?q=add_item", "/search/code/?q=add_item", "/symbols/?name=add_item",
        f"/files/{SHOP}/main/", f"/files/{SHOP}/main/README.md?rendered=1", f"/tree/{SHOP}/main/",
        *(f"/{view}/{SHOP}/main/{quote(PATH)}" for view in ("files", "blame", "history")),
        f"/change/{SHOP}/main/{quote(PATH)}?commit={change}",
    ]  # fmt: skip


def test_nothing_that_somebody_wrote_runs(world: tuple[User, list[str]]) -> None:
    admin, paths = world
    client = Client(headers={"User-Agent": SHORT})
    client.force_login(admin)
    walked = [route.path for route in routes() if "events" not in route.path]
    asked = [*paths, *walked]
    shown, dangers = 0, []
    for path in asked:
        answer = client.get(path)
        if path in walked and answer.status_code == 200:  # and what it says of its own address
            asked += [f"{path}?{name}={SHORT}" for name in ("q", "path")]
        if not answer.get("Content-Type", "").startswith("text/html"):
            continue
        page = Page(answer.content.decode())
        shown += "xssmark" in page.text
        dangers += [f"{path}: {danger}" for danger in page.dangers]
    assert dangers == []
    past = [client.get(path).content.decode() for path in paths[-3:]]  # blame, history, a change
    assert all("onfocus=alert" in html for html in past)  # as text, which its author is
    assert shown > 15  # the corpus did reach the pages
    assert BrokenGlass.objects.exists()


def test_a_file_to_download_is_named_harmlessly(world: tuple[User, list[str]]) -> None:
    admin, paths = world
    client = Client()
    client.force_login(admin)
    thread = paths[1].removesuffix("/")
    for ending in ("md", "json"):
        answer = client.get(f"{thread}/thread.{ending}")
        assert answer.status_code == 200
        disposition = answer["Content-Disposition"]
        assert disposition.count('"') == 2
        assert "<" not in disposition
        assert answer["X-Content-Type-Options"] == "nosniff"
