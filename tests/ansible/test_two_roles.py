"""Row-level security is a wall on every site: what answers people connects as a role that owns
nothing, and has no password of the one that does."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.ansible.rendering import ROOT, Site, render
from tests.services import database_url

pytestmark = [pytest.mark.timeout(400), pytest.mark.services]

HOST = "plumbline"
ANSWERING = ("plumbline-web", "plumbline-worker-ask")
OWNING = ("plumbline-worker", "plumbline-worker-embed", "plumbline-scheduler", "plumbline-backup")
SECRETS = {
    "secret-key": "x" * 48,
    "database-url": "postgresql://plumbline:runtime@10.0.0.1:5432/plumbline",
    "database-owner-url": "postgresql://plumbline_owner:owning@10.0.0.1:5432/plumbline",
    "broker-url": "redis://localhost",
    "model-api-key": "key",
}
TELL = """
from django.conf import settings
database = settings.DATABASES["default"]
print(settings.DATABASE_ROLE, database["USER"], database["PASSWORD"], settings.DATABASE_RUNTIME_ROLE)
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return render("cpu-only", tmp_path_factory.mktemp("site"))


def environment_of(site: Site, unit: str, folder: Path) -> Mapping[str, str]:
    """Return what systemd hands to a unit: its lines, the shared ones, and the file of settings."""
    texts = [site.text(HOST, "sandbox.conf")]
    # A command has no file of its own: `plumbline` starts it by its name.
    texts += [site.text(HOST, "owner.conf")] if unit in {*OWNING, "plumbline-manage-1"} else []
    texts += [site.text(HOST, f"{unit}.service")] if unit != "plumbline-manage-1" else []
    lines = [
        part for text in texts for line in _values(text, "Environment") for part in line.split()
    ]
    for line in [one for text in texts for one in _values(text, "LoadCredential")]:
        name = line.partition(":")[0]
        (folder / name).write_text(SECRETS[name], encoding="utf-8")
    lines += [
        one for one in site.text(HOST, "settings.env").splitlines() if one[:1] not in {"", "#"}
    ]
    pairs = dict(line.replace("%d", str(folder)).split("=", 1) for line in lines)
    here = {"PLUMBLINE_HOME": str(folder), "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    return pairs | here | {"PLUMBLINE_CACHE": str(folder), "PLUMBLINE_MODEL_CA_FILE": ""}


def _values(text: str, name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", text, re.M)


@pytest.mark.parametrize(
    ("unit", "told"),
    [
        ("plumbline-web", "web plumbline runtime plumbline"),
        ("plumbline-worker-ask", "ask plumbline runtime plumbline"),
        ("plumbline-worker", "owner plumbline_owner owning plumbline"),
        ("plumbline-manage-1", "owner plumbline_owner owning plumbline"),
    ],
)
def test_each_unit_connects_as_the_role_that_it_needs(
    site: Site, tmp_path: Path, unit: str, told: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", TELL],
        env=environment_of(site, unit, tmp_path),
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.strip() == told, done.stderr
    assert (tmp_path / "database-owner-url").exists() == told.startswith("owner")


def test_the_password_of_the_owner_is_handed_to_nothing_that_answers(site: Site) -> None:
    roles = (ROOT / "ansible/roles/plumbline/vars/main.yml").read_text(encoding="utf-8")
    (named,) = re.findall(r"^plumbline_owner_units: \[(.*)\]$", roles, re.M)
    assert set(named.split(", ")) == {*OWNING, "plumbline-prune", "plumbline-manage-"}
    for unit in ANSWERING:
        # Not by the beginning of another's name either: systemd reads those that end in a dash.
        assert not [one for one in named.split(", ") if one == unit or _begins(one, unit)]
    for name in ("sandbox.conf", *(f"{unit}.service" for unit in ANSWERING)):
        assert "owner" not in site.text(HOST, name)
    (owner,) = re.findall(r"PLUMBLINE_DATABASE_OWNER_URL=(.*)", site.text(HOST, "settings.env"))
    assert owner.startswith("postgresql://plumbline_owner@")  # whose name it has, and no password


def _begins(one: str, unit: str) -> bool:
    return one.endswith("-") and unit.startswith(one)


@pytest.fixture
def script(site: Site) -> Iterator[str]:
    """The script of a site's database, with names that no other test uses."""
    ours = f"plumbline_{os.getpid()}"
    text = re.sub(r"\bplumbline(_owner)?\b", rf"{ours}\1", site.text(HOST, "database.sql"))
    yield text
    with psycopg.connect(database_url(), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(ours)))
        for role in (ours, f"{ours}_owner"):
            connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(role)))


def _run(text: str) -> None:
    done = subprocess.run(
        ["psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", database_url()],
        input=text, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_a_site_of_one_role_gets_two_and_a_second_run_changes_nothing(script: str) -> None:
    ours = f"plumbline_{os.getpid()}"
    names = {"role": sql.Identifier(ours), "owner": sql.Identifier(f"{ours}_owner")}
    with psycopg.connect(database_url(), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {role} LOGIN").format(**names))
        connection.execute(sql.SQL("CREATE DATABASE {role} OWNER {role}").format(**names))
    address = psycopg.conninfo.make_conninfo(database_url(), dbname=ours)
    with psycopg.connect(address) as connection:
        connection.execute(sql.SQL("SET ROLE {role}").format(**names))
        connection.execute("CREATE TABLE kept (id bigserial PRIMARY KEY)")
    for _ in range(2):
        _run(script)
    with psycopg.connect(address) as connection:
        owners = connection.execute(
            "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE relname ~ '^kept'"
            " UNION SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s",
            [ours],
        ).fetchall()
        assert owners == [(f"{ours}_owner",)]
        connection.execute(sql.SQL("SET ROLE {role}").format(**names))
        for statement in ("SELECT FROM kept", "CREATE TABLE planted ()"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(statement)
