"""The second wall: what the runtime role sees, and everything it might try to see more."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from pytest_django import Settings

from appliance.accounts.models import User
from appliance.sources.access import get_document_for_user, scope_of
from appliance.web import walls
from indexer import wall
from indexer.models import Blob, Commit, Document, Source
from indexer.scope import PathRule, Scope
from tests.appliance.access.walled import ROLE, as_runtime_role
from tests.appliance.conversations.conftest import MessageFactory, lines_of, message_factory
from tests.conftest import SourceFactory

__all__ = ["message_factory"]

SECRET: dict[str, str | bytes | None] = {"keys/safe.py": "def safe():\n    return 4711\n"}
OPEN: dict[str, str | bytes | None] = {"cart.py": "def total():\n    return 1\n"}
CONTENT = (Document, Blob, Commit)


@pytest.fixture
def secret(source_factory: SourceFactory) -> Source:
    return source_factory("vault", SECRET, grant="keepers")


@pytest.fixture
def shop(source_factory: SourceFactory) -> Source:
    return source_factory("shop", OPEN)


@pytest.fixture
def runtime(secret: Source, shop: Source, settings: Settings) -> Iterator[None]:
    assert all(model.objects.count() == 2 for model in CONTENT)
    with as_runtime_role(settings):
        yield


def rows(statement: str, *parameters: str) -> list[tuple[object, ...]]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())


def hold(word: str) -> None:
    rows("SELECT set_config('plumbline.scope', %s, false)", word)


def everything() -> int:
    return sum(model.objects.count() for model in CONTENT)


def backend() -> int:
    connection.ensure_connection()
    return int(connection.connection.info.backend_pid)


def test_a_connection_without_a_word_sees_nothing(runtime: None) -> None:
    assert everything() == 0
    assert rows("SELECT path FROM indexer_document WHERE path::int > 0") == []


def test_a_reader_sees_their_sources_and_no_others(
    runtime: None, shop: Source, reader: User
) -> None:
    with wall.behind(scope_of(reader)):
        assert [one.source_id for one in Document.objects.all()] == [shop.pk]
        assert [one.text for one in Blob.objects.all()] == [OPEN["cart.py"]]
        assert Commit.objects.count() == 1
        assert get_document_for_user(reader, "shop", "main", "cart.py").text == OPEN["cart.py"]
    assert everything() == 0


RULES = (("keys/", False), ("keys/**/public*", True), ("", True), ("**/*.pem", False))
PATHS = (
    "a.py",
    "keys/a.py",
    "keys/x/public.py",
    "keys/public.pem",
    "keysafe.py",
    "b/c.pem",
    "ü.py",
)


def test_texts_stand_behind_the_rules_for_their_paths(
    source_factory: SourceFactory, settings: Settings
) -> None:
    """The first wall is left out here: each text is asked for by its number."""
    source = source_factory("rules", {path: f"text of {path}\n" for path in PATHS})
    same = source_factory("same", {"open.py": "text of keys/a.py\n"})
    rules = [PathRule(source.pk, pattern, allow) for pattern, allow in RULES]
    partial = Scope.from_rules(rules)
    with as_runtime_role(settings):
        for scope in (partial, Scope.from_rules([*rules, PathRule(same.pk, "", True)])):
            with wall.behind(scope):
                seen = {blob.text for blob in Blob.objects.all()}
            paths = [path for path in PATHS if scope.allows(source.pk, path)]
            also = {"text of keys/a.py\n"} if scope.allows(same.pk, "open.py") else set()
            assert seen == {f"text of {path}\n" for path in paths} | also
            assert "keys/a.py" not in paths
        with wall.behind(partial.narrowed_to([])):
            assert everything() == 0


def test_kept_evidence_stands_behind_the_rules_too(
    source_factory: SourceFactory, settings: Settings, owner: User, message_factory: MessageFactory
) -> None:
    source = source_factory("rules", {"keys/a.py": "key\n", "b.py": "open\n"})
    for path in ("keys/a.py", "b.py"):
        message_factory(owner, "See [E1].", [lines_of(source, path, 1, 1)])
    Document.objects.filter(source=source).delete()
    rules = [PathRule(source.pk, "", True), PathRule(source.pk, "keys", False)]
    with as_runtime_role(settings), wall.behind(Scope.from_rules(rules)):
        assert [blob.text for blob in Blob.objects.all()] == ["open\n"]


def test_rules_cannot_be_changed_in_a_word(runtime: None, shop: Source) -> None:
    rules = [PathRule(shop.pk, "", True), PathRule(shop.pk, "cart.py", False)]
    with wall.behind(Scope.from_rules(rules)):
        assert Blob.objects.count() == 0
        (word,) = rows("SELECT current_setting('plumbline.scope')")[0]
        for other in ("", "{}", '{"partial":[],"plain":{},"globs":{}}', "no JSON"):
            rows("SELECT set_config('plumbline.rules', %s, false)", other)
            assert Blob.objects.count() == 0
        hold(str(word).rpartition(".")[0])
        assert everything() == 0


def test_an_outsider_sees_nothing(runtime: None, outsider: User) -> None:
    with wall.behind(scope_of(outsider)):
        assert everything() == 0


def test_the_appliance_sees_everything_within_its_block(runtime: None) -> None:
    with wall.as_appliance():
        assert everything() == 6
    assert everything() == 0


@pytest.mark.parametrize("word", ["all", "1,2,3", ".", "x" * 65, f"{'0' * 64}.1.99999999999.all"])
def test_a_word_of_ones_own_opens_nothing(runtime: None, word: str) -> None:
    hold(word)
    assert everything() == 0


def test_a_word_for_another_connection_opens_nothing(runtime: None) -> None:
    hold(wall.signed("all", backend() + 1))
    assert everything() == 0
    hold(wall.signed("all", backend()))
    assert everything() == 6


def test_an_old_word_opens_nothing(runtime: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wall, "LIFETIME_S", -1)
    hold(wall.signed("all", backend()))
    assert everything() == 0


def test_a_changed_word_opens_nothing(runtime: None, shop: Source, secret: Source) -> None:
    word = wall.signed(str(shop.pk), backend())
    hold(f"{word},{secret.pk}")
    assert everything() == 0


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM wall_key",
        "ALTER TABLE indexer_document DISABLE ROW LEVEL SECURITY",
        "DROP POLICY wall ON indexer_blob",
        "CREATE OR REPLACE FUNCTION wall_is_open() RETURNS bool LANGUAGE sql AS 'SELECT true'",
        "TRUNCATE indexer_document CASCADE",
    ],
)
def test_the_runtime_role_cannot_open_the_wall(runtime: None, statement: str) -> None:
    with pytest.raises(DatabaseError, match=r"permission denied|must be owner"):
        rows(statement)


def test_switching_the_wall_off_is_refused_and_not_ignored(runtime: None) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL row_security = off")
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            cursor.execute("SELECT count(*) FROM indexer_blob")


def test_nothing_hidden_is_changed_or_added(runtime: None, secret: Source, reader: User) -> None:
    with wall.behind(scope_of(reader)):
        assert Document.objects.filter(source=secret).update(role="test") == 0
        blob = Blob.objects.get()
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            Document.objects.create(source=secret, path="x", blob=blob, refs=[1], role="source")


def test_plans_and_copies_hold_nothing_hidden(runtime: None, reader: User) -> None:
    with wall.behind(scope_of(reader)):
        plan = str(
            rows("EXPLAIN (ANALYZE, VERBOSE) SELECT * FROM indexer_document WHERE path ~ 'safe'")
        )
        assert "wall_sources" in plan
        with connection.cursor() as cursor, cursor.copy("COPY indexer_blob TO STDOUT") as copy:
            copied = b"".join(bytes(part) for part in copy)
    assert b"total" in copied
    assert b"4711" not in copied


def test_no_view_stands_in_front_of_the_wall(runtime: None) -> None:
    """A view reads with its owner's rights, past the wall, unless it is told to take the reader's."""
    assert rows("SELECT relname FROM pg_class WHERE relkind IN ('v', 'm') AND "
                "relnamespace = 'public'::regnamespace AND "
                "NOT coalesce(reloptions, '{}') @> '{security_invoker=true}'") == []  # fmt: skip


def test_a_scope_never_outlives_its_request(runtime: None, shop: Source, secret: Source) -> None:
    chance = random.Random(6)  # noqa: S311 - no secret
    scopes = [Scope(frozenset({shop.pk})), Scope(frozenset({secret.pk})), Scope()]
    for _ in range(1000):
        scope = chance.choice(scopes)
        try:
            with transaction.atomic(), wall.behind(scope):
                seen = set(Document.objects.values_list("source_id", flat=True))
                assert seen == scope.source_ids
                if chance.random() < 0.3:
                    rows("SELECT 1 / 0")
                if chance.random() < 0.2:
                    raise DatabaseError
        except DatabaseError:
            pass
        if chance.random() < 0.1:
            assert everything() == 0


def test_pages_read_behind_the_wall(
    runtime: None, client: Client, reader: User, outsider: User, staff: User
) -> None:
    client.force_login(reader)
    assert client.get("/files/shop/main/cart.py").status_code == 200
    assert b"cart.py" in client.get("/search/", {"q": "total"}).content
    assert {one.source.name for one in Document.objects.select_related("source")} == {"shop"}
    client.force_login(outsider)
    assert client.get("/files/shop/main/cart.py").status_code == 404
    assert everything() == 0
    client.force_login(staff)
    page = client.get("/sources/vault/why/", {"path": "keys/safe.py"})
    assert b"In the index" in page.content
    assert everything() == 0


def test_a_thread_is_shown_and_sealed_as_without_the_wall(
    runtime: None,
    client: Client,
    owner: User,
    shop: Source,
    secret: Source,
    message_factory: MessageFactory,
) -> None:
    with wall.as_appliance():
        ours, theirs = lines_of(shop, "cart.py", 1, 2), lines_of(secret, "keys/safe.py", 1, 2)
        shown = message_factory(owner, "Adds up [E1].", [ours])
        sealed = message_factory(owner, "Is 4711 [E1].", [theirs])
    client.force_login(owner)
    assert b"Adds up" in client.get(f"/threads/{shown.thread_id}/").content
    assert b"4711" not in client.get(f"/threads/{sealed.thread_id}/").content


def test_the_wall_holds_and_each_fault_is_named(runtime: None) -> None:
    assert walls.faults() == []
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for statement, fault in (
            ("ALTER ROLE {} BYPASSRLS", "bypasses"),
            ("ALTER ROLE {} SUPERUSER", "superuser"),
            ("GRANT SELECT ON wall_key TO {}", "read the key"),
            ("ALTER TABLE indexer_blob NO FORCE ROW LEVEL SECURITY", "indexer_blob"),
            ("ALTER TABLE indexer_commit DISABLE ROW LEVEL SECURITY", "indexer_commit"),
            ("ALTER TABLE indexer_document OWNER TO {}", "owns tables"),
        ):
            cursor.execute(statement.format(ROLE))
            assert any(fault in one for one in walls.faults()), fault


def test_one_role_for_everything_is_said(db: None) -> None:
    assert walls.faults() == ["The programs connect as the role that owns the tables."]
