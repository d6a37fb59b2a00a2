"""Whatever happens to a history, search shows for each ref what `git ls-tree` lists for it.

And what moves, comes back or is branched, tagged or forked costs no embedding.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from django.db import connection
from django.db.backends.utils import CursorWrapper
from psycopg.errors import Diagnostic

from indexer.ingestion.inline import sync_now
from indexer.models import Document, Source
from indexer.retrieval.search import search
from indexer.scope import Scope
from inference.fake_server import FakeServer
from tests.conftest import RepositoryFactory, SourceFactory
from tests.gitrepos import Repository
from tests.indexer.ingestion.corpus import embedded_texts, tree

pytestmark = pytest.mark.services

FOLLOWED = ("main", "**")
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
FILES: dict[str, str | bytes | None] = {
    "cart.py": "def total(items):\n    return sum(items)  # everywhere\n",
    "stock.py": "def left(item):\n    return item.count  # everywhere\n",
    "deep/shelf.py": "def place(item):\n    return item.shelf  # everywhere\n",
}


@pytest.fixture
def repository(repository_factory: RepositoryFactory) -> Repository:
    """Hold main, the branch old at its first commit and the tag v1 there."""
    repository = repository_factory(FILES, "shop")
    repository.git("branch", "old")
    repository.git("tag", "v1")
    repository.commit({"cart.py": "def total(items):\n    return 0  # everywhere\n"})
    return repository


@pytest.fixture
def source(source_factory: SourceFactory, repository: Repository) -> Source:
    return source_factory("shop", repository=repository, refs=FOLLOWED)


def git_says(repository: Repository) -> dict[str, dict[str, str]]:
    """Return the tree of every branch and tag by its short name."""
    listed = repository.git("for-each-ref", "--format=%(refname)", "refs/heads", "refs/tags")
    return {ref.split("/", 2)[2]: tree(repository, ref) for ref in listed.split()}


def index_says(source: Source) -> dict[str, dict[str, str]]:
    return {
        ref.name: dict(
            Document.objects.filter(source=source, refs__contains=[ref.pk]).values_list(
                "path", "blob__oid"
            )
        )
        for ref in source.refs.all()
    }


def search_says(source: Source) -> dict[str, set[tuple[str, str]]]:
    """Return what a search for the word of every file shows for each ref: path and commit."""
    scope = Scope(frozenset({source.pk}))
    return {
        ref.name: {
            (hit.path, hit.commit)
            for hit in search("everywhere", scope=scope, refs=[ref.name], limit=100).hits
        }
        for ref in source.refs.all()
    }


def agrees(source: Source, repository: Repository) -> bool:
    """Compare git, the index and search, ref by ref."""
    trees = git_says(repository)
    assert index_says(source) == trees
    assert search_says(source) == {
        name: {(path, repository.git("rev-parse", f"{name}^{{commit}}")) for path in files}
        for name, files in trees.items()
    }
    return True


def rename(repository: Repository) -> None:
    repository.git("mv", "cart.py", "basket.py")
    repository.git("mv", "deep", "flat")
    repository.commit_index()


def copy(repository: Repository) -> None:
    repository.commit({"copies/cart.py": FILES["cart.py"], "copies/stock.py": FILES["stock.py"]})


def revert(repository: Repository) -> None:
    repository.git("revert", "--no-edit", "HEAD")


def exchange(repository: Repository) -> None:
    repository.commit({"cart.py": FILES["stock.py"], "stock.py": FILES["cart.py"]})


def new_branch(repository: Repository) -> None:
    repository.git("branch", "release/2", "old")


def new_tag(repository: Repository) -> None:
    repository.git("tag", "-a", "v2", "-m", "two")


def tag_of_a_branchs_name(repository: Repository) -> None:
    repository.git("branch", "-m", "old", "older")


def moved_tag(repository: Repository) -> None:
    repository.git("tag", "-f", "v1", "main")


def forced_push(repository: Repository) -> None:
    repository.git("reset", "--quiet", "--hard", "old")


def merge(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "-b", "side", "old")
    repository.commit({"copies/shelf.py": FILES["deep/shelf.py"]})
    repository.git("checkout", "--quiet", "main")
    repository.git("merge", "--quiet", "--no-edit", "side")


def deleted_file(repository: Repository) -> None:
    repository.commit({"stock.py": None})


def file_becomes_folder(repository: Repository) -> None:
    repository.commit({"stock.py": None})
    repository.commit({"stock.py/cart.py": FILES["cart.py"]})


def emptied_branch(repository: Repository) -> None:
    tree_id = repository.git("mktree", stdin=b"")
    assert tree_id == EMPTY_TREE
    commit = repository.git("commit-tree", "-m", "Empty", "-p", "old", tree_id)
    repository.git("update-ref", "refs/heads/old", commit)


def unrelated_history(repository: Repository) -> None:
    commit = repository.git("commit-tree", "-m", "Anew", repository.git("rev-parse", "old^{tree}"))
    repository.git("update-ref", "refs/heads/main", commit)
    repository.git("reset", "--quiet", "--hard", "main")


def deleted_branch(repository: Repository) -> None:
    repository.git("branch", "-D", "old")
    repository.git("tag", "-d", "v1")


CHANGES = [
    rename, copy, revert, exchange, new_branch, new_tag, tag_of_a_branchs_name, moved_tag,
    forced_push, merge, deleted_file, file_becomes_folder, emptied_branch, unrelated_history,
    deleted_branch,
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_search_agrees_with_git_and_nothing_is_embedded(
    change: Callable[[Repository], None],
    source: Source,
    repository: Repository,
    models: FakeServer,
) -> None:
    assert agrees(source, repository)
    before, embedded = git_says(repository), len(embedded_texts(models))
    change(repository)
    report = sync_now(source)
    assert report.chunks_embedded == 0
    assert len(embedded_texts(models)) == embedded
    assert git_says(repository) != before
    assert agrees(source, repository)


def test_one_change_after_the_other_ends_where_git_ends(
    source: Source, repository: Repository
) -> None:
    for change in (rename, copy, deleted_file, merge, emptied_branch, moved_tag, new_tag):
        if change is deleted_file:
            repository.commit({"flat/shelf.py": None})
        else:
            change(repository)
        sync_now(source)
        assert agrees(source, repository), change


def test_a_fork_in_another_source_embeds_nothing_and_stays_apart(
    source: Source,
    repository: Repository,
    repository_factory: RepositoryFactory,
    source_factory: SourceFactory,
    models: FakeServer,
) -> None:
    embedded = len(embedded_texts(models))
    fork = repository_factory(FILES, "fork")
    fork.commit({"stock.py": None})
    other = source_factory("fork", repository=fork, refs=FOLLOWED)
    assert len(embedded_texts(models)) == embedded
    assert agrees(other, fork)
    fork.commit({"cart.py": None})
    sync_now(other)
    assert agrees(other, fork)
    assert agrees(source, repository)


def test_a_deleted_file_is_gone_from_every_kind_of_search(
    source: Source, repository: Repository
) -> None:
    deleted_file(repository)
    sync_now(source)
    scope = Scope(frozenset({source.pk}))
    for query in ("left item count", "stock.py", "how many are left of an item?"):
        assert "stock.py" not in [hit.path for hit in search(query, scope=scope).hits]
        in_tag = search(query, scope=scope, refs=["v1"]).hits
        assert "stock.py" in [hit.path for hit in in_tag]


def module_text(number: int, version: int = 0) -> str:
    """Write a module of forty functions with words of its own."""
    return "".join(
        f"def step_{number}_{part}(order, stock{part}):\n"
        f'    """Move part {part} of order {number} through station {number * part % 97}."""\n'
        f"    moved = stock{part}.take(order.amount * {part + version if part == 7 else part})\n"
        f"    return Station{number % 13}(moved, order).settle_{part * number % 31}()\n\n\n"
        for part in range(40)
    )


KEPT = re.compile(r"[1-9]\d* dead row versions cannot be removed yet")


def _write_anew(cursor: CursorWrapper, table: str) -> None:
    """Write a table without its dead rows; once more where somebody could still see some of them,
    since PostgreSQL looks at new rows by itself.
    """
    told: list[str] = []

    def keep(notice: Diagnostic) -> None:
        told.append(notice.message_detail or "")

    cursor.connection.add_notice_handler(keep)
    deadline = time.monotonic() + 60
    while not told or any(map(KEPT.search, told)):
        assert time.monotonic() < deadline, "somebody looks at the tables all the time"
        told.clear()
        cursor.execute(f'VACUUM (FULL, VERBOSE) "{table}"')
    cursor.connection.remove_notice_handler(keep)


def stored_bytes() -> int:
    """Return what the tables and indexes of the corpus take without the room of dead rows."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE 'indexer\\_%'"
        )
        tables = [name for (name,) in cursor.fetchall()]
        for name in tables:
            _write_anew(cursor, name)
        cursor.execute(
            "SELECT sum(pg_total_relation_size(format('%%I', name)::regclass))"
            "  FROM unnest(%s::text[]) AS name",
            [tables],
        )
        return int(cursor.fetchone()[0])


def follow(source: Source, *refs: str) -> None:
    Source.objects.update(ref_names=list(refs))
    source.refresh_from_db()
    sync_now(source)


@pytest.mark.django_db(transaction=True)
def test_ten_tags_cost_what_they_change(
    source_factory: SourceFactory, repository_factory: RepositoryFactory
) -> None:
    """Of 200 files each of ten tags v* changes one; each of ten tags same* changes none."""
    repository = repository_factory(
        {f"package{n % 9}/module{n}.py": module_text(n) for n in range(200)}, "large"
    )
    for version in range(1, 11):
        n = version * 19
        repository.commit({f"package{n % 9}/module{n}.py": module_text(n, version)})
        repository.git("tag", f"v{version}")
    repository.commit({f"package{n % 9}/module{n}.py": module_text(n) for n in range(200)})
    for number in range(10):
        repository.git("tag", f"same{number}")
    source = source_factory("large", repository=repository, refs=("main",))
    alone = stored_bytes()
    follow(source, "main", "same*")
    assert source.refs.count() == 11
    assert stored_bytes() / alone < 1.02
    follow(source, "main", "v*")
    assert source.refs.count() == 11
    assert stored_bytes() / alone < 1.10
