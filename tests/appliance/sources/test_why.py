"""Why a file is not found: each state in its words, on the page and on the command line."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from appliance.accounts.models import User
from appliance.sources.explaining import Explanation, cleaned, explain
from appliance.sources.granting import set_grant
from appliance.sources.managing import connect
from appliance.sources.remedies import remedy_for
from indexer.ingestion.inline import sync_now
from indexer.models import Document, Embedding, Finding, Job, Source
from indexer.scope import Scope
from indexer.skips import SkipReason
from tests.conftest import RepositoryFactory, SourceFactory
from tests.gitrepos import Repository

FILES: dict[str, str | bytes] = {
    "shop/cart.py": "def add(cart, item):\n    return cart\n",
    "docs/guide.md": "# Guide\n\nHow to fill carts.\n",
    "logo.bin": b"\0\1\2\3" * 100,
    "private/plan.md": "# Plan\n",
    "notes/draft.md": "# Draft\n",
    ".plumblineignore": "notes/\n",
}


@pytest.fixture
def repository(repository_factory: RepositoryFactory) -> Repository:
    """Hold main, the tag v1 with old.py, and the branch topic with topic.py."""
    repository = repository_factory({**FILES, "old.py": "old = True\n"}, "shop")
    repository.git("tag", "v1")
    repository.git("checkout", "--quiet", "-b", "topic")
    repository.commit({"topic.py": "topic = True\n"})
    repository.git("checkout", "--quiet", "main")
    repository.commit({"old.py": None, "gone.py": "gone = True\n"})
    repository.commit({"gone.py": None})
    return repository


@pytest.fixture
def shop(source_factory: SourceFactory, repository: Repository) -> Source:
    return source_factory("shop", repository=repository, refs=("main", "v*"))


def explained(source: Source, path: str, *, for_staff: bool = False) -> Explanation:
    return explain(source, path, Scope(frozenset({source.pk})), for_staff=for_staff)


def test_an_indexed_file_says_how_it_stands_in_the_index(shop: Source) -> None:
    found = explained(shop, "docs/guide.md")
    assert found.state == "indexed"
    assert found.headline == "It is indexed: search finds it in main of shop."
    assert [(ref.ref, ref.state) for ref in found.refs] == [("main", "indexed"), ("v1", "indexed")]
    assert found.refs[0].commit == shop.refs.get(name="main").commit
    assert found.indexed is not None
    assert (found.indexed.role, found.indexed.weight) == ("docs", 0.7)
    assert found.indexed.chunks == found.indexed.chunks_with_vectors >= 1
    assert (found.indexed.lines, found.indexed.language) == (3, "markdown")
    assert found.words == ("docs", "guide", "md")
    assert found.suggestions == ()


def test_vectors_that_are_missing_are_counted(shop: Source) -> None:
    Embedding.objects.all().delete()
    facts = explained(shop, "shop/cart.py").indexed
    assert facts is not None
    assert (facts.chunks_with_vectors, facts.weight) == (0, 1.0)


def test_a_skipped_file_says_why_and_what_to_do(shop: Source) -> None:
    found = explained(shop, "logo.bin")
    assert (found.state, found.indexed, found.words) == ("skipped", None, ())
    assert "Not text" in found.headline
    assert "as text or as a document" in found.remedy


def test_an_ignored_file_names_the_pattern_and_the_line(shop: Source) -> None:
    found = explained(shop, "notes/draft.md")
    assert found.state == "skipped"
    assert found.remedy.startswith("Remove the pattern notes/ from line 1 of .plumblineignore")


def test_a_file_that_an_administrator_excludes_names_the_pattern(shop: Source) -> None:
    Source.objects.update(exclude_patterns=["private/"])
    shop.refresh_from_db()
    sync_now(shop)
    found = explained(shop, "private/plan.md")
    assert "An administrator can remove the pattern private/" in found.remedy


def test_a_file_of_another_ref_is_said_to_be_there(shop: Source) -> None:
    found = explained(shop, "old.py")
    commit = shop.refs.get(name="main").commit
    assert found.state == "absent"
    assert found.headline == f"There is no such path in main of shop, at commit {commit[:10]}."
    assert [(ref.ref, ref.state) for ref in found.refs] == [("main", "absent"), ("v1", "indexed")]
    assert found.indexed is not None


def test_a_removed_file_names_the_commit_that_removed_it(
    shop: Source, repository: Repository
) -> None:
    (sentence,) = explained(shop, "gone.py").history
    assert sentence.startswith(f"It was removed by commit {repository.commits[-1][:10]} of 2025-")


def test_only_staff_hear_of_branches_that_are_not_followed(shop: Source) -> None:
    assert explained(shop, "topic.py", for_staff=True).history == (
        "It is in topic, not followed here.",
    )
    assert explained(shop, "topic.py").history == ()


@pytest.mark.parametrize(
    ("typed", "near"),
    [
        ("cart", "shop/cart.py"),
        ("src/shop/cart.py", "shop/cart.py"),
        ("CART.PY", "shop/cart.py"),
        ("shop/carts.py", "shop/cart.py"),
        ("logo", "logo.bin"),
    ],
)
def test_near_paths_are_suggested(typed: str, near: str, shop: Source) -> None:
    found = explained(shop, typed)
    assert found.state == "absent"
    assert found.suggestions[0] == near


def test_a_folder_is_told_from_a_file(shop: Source) -> None:
    found = explained(shop, "docs")
    assert found.state == "folder"
    assert found.suggestions == ("docs/guide.md",)


def test_a_file_that_is_in_the_commit_but_not_in_the_index_waits(shop: Source) -> None:
    Document.objects.filter(path="shop/cart.py").delete()
    assert explained(shop, "shop/cart.py").state == "pending"


def test_what_git_could_misread_is_a_path_and_nothing_else(shop: Source) -> None:
    for path in (":(top)", "*.py", "--all", "../shop", "a\nb", "\udcff", "x" * 1000, "HEAD"):
        assert explained(shop, cleaned(path), for_staff=True).state == "absent", path


def test_without_a_mirror_the_index_alone_answers(shop: Source, settings: Any) -> None:
    settings.MIRRORS_DIR = settings.MIRRORS_DIR / "elsewhere"
    assert explained(shop, "shop/cart.py").state == "indexed"
    found = explained(shop, "gone.py", for_staff=True)
    assert (found.state, found.history) == ("absent", ())


def test_a_source_that_was_never_synced_says_so(
    repository: Repository, settings: Any, db: None, tmp_path: Any
) -> None:
    settings.MIRRORS_DIR = tmp_path / "mirrors"
    source = connect(str(repository.path), name="new", from_command_line=True)
    found = explained(source, "shop/cart.py")
    assert found.state == "unsynced"
    assert "has not been synced yet" in found.headline


def test_a_source_that_is_behind_says_why(shop: Source) -> None:
    Source.objects.update(is_paused=True, pushed_at=timezone.now())
    Job.objects.create(source=shop, state=Job.State.FAILED, error="No route to git.internal.")
    shop.refresh_from_db()
    notes = " ".join(explained(shop, "shop/cart.py").notes)
    assert "The source is paused" in notes
    assert "is not live yet" in notes
    assert "Its last sync failed; an administrator can see why." in notes
    assert "git.internal" not in notes
    assert "git.internal" in " ".join(explained(shop, "shop/cart.py", for_staff=True).notes)


def test_masked_lines_are_counted_for_staff_alone(shop: Source) -> None:
    blob = Document.objects.filter(path="shop/cart.py")[0].blob
    Finding.objects.create(blob=blob, kind="secret", rule="token", line=1)
    seen = [explained(shop, "shop/cart.py", for_staff=staff).indexed for staff in (True, False)]
    assert [facts.findings for facts in seen if facts] == [1, 0]


@pytest.mark.parametrize("reason", list(SkipReason))
def test_every_reason_has_something_to_do(reason: SkipReason) -> None:
    assert remedy_for(reason, "").endswith(".")


@pytest.mark.parametrize(
    "typed", ["/shop/cart.py", "./shop/cart.py", " shop/cart.py ", "shop/cart.py"]
)
def test_a_path_is_read_as_people_paste_it(typed: str) -> None:
    assert cleaned(typed) == "shop/cart.py"


@pytest.mark.parametrize("person", ["owner", "reader", "staff"])
def test_readers_and_staff_see_the_page(
    person: str, client: Client, shop: Source, request: pytest.FixtureRequest
) -> None:
    client.force_login(request.getfixturevalue(person))
    assert client.get("/sources/shop/why/").status_code == 200
    for path in ("shop/cart.py", "logo.bin", "old.py", "cart", "docs", "nothing.at.all"):
        assert client.get("/sources/shop/why/", {"path": path}).status_code == 200, path
    page = client.get("/sources/shop/why/", {"path": "logo.bin"}).content.decode()
    assert "It was skipped in main of shop." in page


def test_only_who_may_read_it_gets_a_link_to_the_file(
    client: Client, shop: Source, reader: User, staff: User
) -> None:
    links = []
    for user in (reader, staff):
        client.force_login(user)
        page = client.get("/sources/shop/why/", {"path": "shop/cart.py"}).content
        links.append(b"/files/shop/" in page)
    assert links == [True, False]


def test_outsiders_get_what_everyone_gets_of_nothing(
    client: Client, shop: Source, outsider: User
) -> None:
    client.force_login(outsider)
    refused = client.get("/sources/shop/why/", {"path": "shop/cart.py"})
    missing = client.get("/sources/nothing/why/", {"path": "shop/cart.py"})
    assert refused.status_code == missing.status_code == 404
    assert refused.content == missing.content


def test_a_closed_path_looks_like_one_that_does_not_exist(
    client: Client, shop: Source, reader: User
) -> None:
    set_grant("readers", shop, "private/", allow=False)
    client.force_login(reader)
    closed = client.get("/sources/shop/why/", {"path": "private/plan.md"})
    missing = client.get("/sources/shop/why/", {"path": "private/nothing.md"})
    assert closed.status_code == missing.status_code == 404
    assert closed.content == missing.content
    near = client.get("/sources/shop/why/", {"path": "plan.md"}).content.decode()
    assert "private/plan.md" not in near
    assert client.get("/sources/shop/why/", {"path": "shop/cart.py"}).status_code == 200


def test_a_part_of_a_path_is_found_by_who_may_read_only_a_folder(
    client: Client, source_factory: SourceFactory, reader: User
) -> None:
    source = source_factory("shop", FILES, grant=None)
    set_grant("readers", source, "docs/")
    client.force_login(reader)
    page = client.get("/sources/shop/why/", {"path": "guide"})
    assert "docs/guide.md" in page.content.decode()
    assert client.get("/sources/shop/why/", {"path": "cart"}).status_code == 404
    assert client.get("/sources/shop/why/", {"path": "shop/cart.py"}).status_code == 404


def test_a_search_without_hits_leads_here(client: Client, shop: Source, reader: User) -> None:
    client.force_login(reader)
    page = client.get("/search/", {"q": "zzyzx", "lang": "cobol"}).content.decode()
    assert "/sources/shop/why/?path=zzyzx" in page
    set_grant("readers", shop, "private/", allow=False)
    closed = client.get("/search/", {"q": "private/plan.md", "lang": "cobol"}).content.decode()
    assert "No match" in closed
    assert "/why/" not in closed


def why(*arguments: str) -> str:
    out = io.StringIO()
    call_command("why", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_says_the_same(shop: Source) -> None:
    assert "skipped in main of shop" in why("shop", "logo.bin")
    assert "near: shop/cart.py" in why("shop", "cart")
    answer = json.loads(why("shop", "docs/guide.md", "--json"))
    assert answer["state"] == "indexed"
    assert {"source", "path", "headline", "remedy", "refs", "indexed", "words"} <= set(answer)


def test_the_command_answers_as_a_person(shop: Source, reader: User, outsider: User) -> None:
    set_grant("readers", shop, "private/", allow=False)
    assert "It is indexed" in why("shop", "shop/cart.py", "--user", "reader")
    for path in ("private/plan.md", "private/nothing.md"):
        with pytest.raises(CommandError, match="shop has no path like"):
            why("shop", path, "--user", "reader")
    with pytest.raises(CommandError, match="There is no source called 'shop'"):
        why("shop", "shop/cart.py", "--user", "outsider")
