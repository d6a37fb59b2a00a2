"""Looking for bytes in every place, and every place found when the bytes are in it."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
import redis
from django.contrib.auth.models import Group
from django.db import connection
from pytest_django import Settings

from appliance.sources.managing import connect
from appliance.sources.traces.folders import in_folder, in_mirrors
from appliance.sources.traces.places import Needle, Trace, Unsearched
from appliance.sources.traces.queue import in_queue
from appliance.sources.traces.tables import in_tables
from indexer.models import Blob, Document, Ref, Revision, Source
from tests.gitrepos import make_repository
from tests.processes import MANAGE, product_environment
from tests.services import valkey_url

CANARY = b"canary-4f1d\xc3\xa9\"\\'{};"
NEEDLE = Needle(CANARY)
TEXT = CANARY.decode()


def places(found: Iterable[Trace | Unsearched]) -> list[str]:
    return [one.place for one in found if isinstance(one, Trace)]


def test_columns_of_every_kind_are_searched(db: None) -> None:
    source = connect("https://git.example.com/x", name="x")
    assert places(in_tables(NEEDLE)) == []
    Source.objects.update(credential=b"\0" + CANARY, ref_names=["a", TEXT], location=f"x{TEXT}y")
    ref = Ref.objects.create(source=source, name="main", commit="a", committed_at=source.created_at)
    Revision.objects.create(ref=ref, commit="a", skipped={"deep": [{TEXT: 1}]})
    Blob.objects.create(oid="1", size_bytes=1, text=f"{TEXT}\n", places=[[1, "page", TEXT]])
    Group.objects.create(name=TEXT)
    assert sorted(places(in_tables(NEEDLE))) == [
        "table auth_group, column name",
        "table indexer_blob, column places",
        "table indexer_blob, column text",
        "table indexer_revision, column skipped",
        "table indexer_source, column credential",
        "table indexer_source, column location",
        "table indexer_source, column ref_names",
    ]


def test_tables_that_no_model_knows_are_searched_too(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute('CREATE TABLE "odd ""name" ("a%b" varchar(80), n int, v jsonb[])')
        cursor.execute('INSERT INTO "odd ""name" VALUES (%s, 1, NULL)', [TEXT])
    assert places(in_tables(NEEDLE)) == ['table odd "name, column a%b']


def test_bytes_that_are_no_text_are_looked_for_in_columns_of_bytes(db: None) -> None:
    connect("https://git.example.com/x", name="x")
    Source.objects.update(credential=b"abc\xff\xfe\0def")
    found = places(in_tables(Needle(b"\xff\xfe\0d")))
    assert found == ["table indexer_source, column credential"]


def test_what_people_wrote_is_reported_as_kept(db: None) -> None:
    (kept,) = in_tables_with_a_title()
    assert kept == Trace("table conversations_thread, column title", "the words of a question")


def in_tables_with_a_title() -> Iterator[Trace]:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_user (password, is_superuser, username, first_name, last_name,"
            " email, is_staff, is_active, is_emergency, date_joined)"
            " VALUES ('', false, 'u', '', '', '', false, true, false, now()) RETURNING id"
        )
        (owner,) = cursor.fetchone()
        cursor.execute(
            "INSERT INTO conversations_thread (id, title, created_at, updated_at, owner_id)"
            " VALUES (gen_random_uuid(), %s, now(), now(), %s)",
            [TEXT, owner],
        )
    yield from in_tables(NEEDLE)


@pytest.fixture(scope="module")
def broker() -> Iterator[tuple[str, redis.Redis]]:
    url = valkey_url()
    with redis.Redis.from_url(url.replace("redis+socket", "unix")) as client:
        yield url, client


def test_keys_of_every_kind_are_searched(broker: tuple[str, redis.Redis]) -> None:
    url, client = broker
    client.flushall()
    client.set("other", b"nothing")
    assert places(in_queue(url, NEEDLE)) == []
    body = base64.b64encode(json.dumps([[TEXT], {}, {}]).encode()).decode()
    client.lpush("sync", json.dumps({"body": body, "headers": {}}))
    client.set(b"key-" + CANARY, b"x")
    client.set("plain", CANARY)
    client.hset("hash", "field", CANARY)
    client.sadd("set", CANARY)
    client.zadd("zset", {CANARY: 1.0})
    client.xadd("stream", {"field": CANARY})
    assert sorted(places(in_queue(url, NEEDLE))) == [
        "queue, a hash",
        "queue, a list",
        "queue, a set",
        "queue, a stream",
        "queue, a string",
        "queue, a zset",
        "queue, the name of a key",
    ]


def test_a_queue_that_does_not_answer_proves_nothing() -> None:
    (found,) = in_queue("redis://127.0.0.1:1/0", NEEDLE)
    assert isinstance(found, Unsearched)


def test_objects_of_a_mirror_are_searched_packed_and_unreachable(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "work", {"a.py": "a = 1\n" * 9000})
    repository.bare(tmp_path / "mirrors" / "1.git")
    repository.commit({"b.py": b"x" * 300_000 + CANARY})
    repository.bare(tmp_path / "mirrors" / "2.git")
    orphan = make_repository(tmp_path / "other")
    bare = orphan.bare(tmp_path / "mirrors" / "3.git")
    make_repository(tmp_path / "third").path  # noqa: B018  a neighbour that is not looked at
    subprocess.run(
        ["git", f"--git-dir={bare}", "hash-object", "-w", "--stdin"],
        input=CANARY,
        check=True,
        capture_output=True,
    )
    found = places(in_mirrors(tmp_path / "mirrors", NEEDLE))
    assert found == ["mirror 2.git, an object", "mirror 3.git, an object"]


def test_a_damaged_mirror_proves_nothing(tmp_path: Path) -> None:
    (tmp_path / "1.git").mkdir()
    (found,) = in_mirrors(tmp_path, NEEDLE)
    assert isinstance(found, Unsearched)


@pytest.mark.parametrize("offset", [0, 1, 1024 * 1024 - 5, 1024 * 1024, 3_000_000])
def test_files_are_searched_across_blocks(tmp_path: Path, offset: int) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "worker.log").write_bytes(b"." * offset + CANARY + b".")
    (tmp_path / "logs" / "web.log").write_bytes(b"." * offset + CANARY[:-1])
    assert places(in_folder("data folder", tmp_path, NEEDLE)) == ["data folder, logs/worker.log"]


def test_names_count_links_are_not_followed_and_a_database_is_left_to_its_tables(
    tmp_path: Path,
) -> None:
    (tmp_path / "outside").write_bytes(CANARY)
    home = tmp_path / "home"
    (home / "postgres" / "base").mkdir(parents=True)
    (home / "postgres" / "PG_VERSION").write_text("18")
    (home / "postgres" / "base" / "1").write_bytes(CANARY)
    (home / "link").symlink_to(tmp_path / "outside")
    os.mkfifo(home / "pipe")
    assert places(in_folder("data folder", home, NEEDLE)) == []
    (home / os.fsdecode(b"x" + CANARY.replace(b"/", b""))).write_bytes(CANARY)
    found = places(in_folder("data folder", home, NEEDLE))
    assert found == ["data folder", "data folder, the name of a file or folder"]


def test_a_few_bytes_are_refused() -> None:
    with pytest.raises(ValueError, match="fewer than four"):
        Needle(b"abc")
    assert TEXT not in repr(NEEDLE)


def run(home: Path, content: bytes, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    environment = product_environment(
        home, PLUMBLINE_BROKER_URL=valkey_url(), PLUMBLINE_CACHE=str(home / "cache")
    )
    return subprocess.run(
        [*MANAGE, "find_bytes", *arguments],
        env=environment,
        input=content,
        capture_output=True,
        check=False,
        timeout=240,
    )


@pytest.mark.django_db(transaction=True)
def test_the_command_names_places_and_never_what_it_looks_for(
    tmp_path: Path, settings: Settings
) -> None:
    (tmp_path / "logs").mkdir()
    nothing = run(tmp_path, CANARY + b"\n", "--stdin")
    assert (nothing.returncode, nothing.stdout) == (0, b"Found nowhere.\n")
    Blob.objects.create(oid="1", size_bytes=1, text=TEXT)
    (tmp_path / "logs" / "worker.log").write_bytes(CANARY)
    found = run(tmp_path, CANARY, "--stdin", "--json")
    assert found.returncode == 1
    assert json.loads(found.stdout) == {
        "found": ["table indexer_blob, column text", "data folder, logs/worker.log"],
        "kept": {},
        "unsearched": {},
    }
    assert b"canary" not in found.stdout + found.stderr
    assert b"Traceback" not in found.stderr
    assert Document.objects.count() == 0


@pytest.mark.parametrize(("content", "arguments"), [(b"abc\n", ["--stdin"]), (CANARY, [])])
def test_the_command_refuses_what_it_cannot_do(
    db: None, tmp_path: Path, content: bytes, arguments: list[str]
) -> None:
    done = run(tmp_path, content, *arguments)
    assert done.returncode in {1, 2}
    assert b"Traceback" not in done.stderr
