"""The command-line client against a served appliance: sign-in by code, then what people do with it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import Resolver404, resolve
from plumbline_cli import commands, keeping, signing_in

from appliance.accounts.models import ApiToken, User
from appliance.accounts.tokens import revoke_token
from appliance.conversations.models import Message
from indexer.models import Source
from tests.appliance.web.mcp.conftest import (  # noqa: F401
    address,
    pay,
    shop,
    token_of,
    worker,
)

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]

Run = Callable[..., tuple[int, str, str]]
QUESTION = "How does add_item add an item to the cart?"


def is_there(path: str) -> bool:
    """Return whether the appliance has this address of the API already."""
    try:
        resolve(path)
    except Resolver404:
        return False
    return True


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    for name in ("PLUMBLINE_URL", "PLUMBLINE_TOKEN", "PLUMBLINE_CA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    def ended(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["plumbline", *arguments])
        with pytest.raises(SystemExit) as exit_info:
            commands.main()
        captured = capsys.readouterr()
        code = exit_info.value.code
        return code if isinstance(code, int) else 0, captured.out, captured.err

    return ended


@pytest.fixture
def signed_in(
    address: str,  # noqa: F811
    reader: User,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> Run:
    """Sign in by code: while the client waits, its person types the code into a browser."""
    codes: list[str] = []
    begin, wait = signing_in.begin, signing_in.wait_for_token

    def noted(server: Any) -> signing_in.Codes:
        made = begin(server)
        codes.append(made.user_code)
        return made

    def typed(_: float) -> None:
        browser = Client()
        browser.force_login(reader)
        given = {"code": codes[-1], "decision": "allow", "rights": ["read", "ask"], "days": "7"}
        assert browser.post("/device/decide/", given).status_code == 302

    monkeypatch.setattr(signing_in, "begin", noted)
    monkeypatch.setattr(signing_in, "wait_for_token", partial(wait, sleep=typed))
    code, _, err = run("login", address)
    assert code == 0, err
    return run


def test_signs_in_by_code_and_searches_until_the_token_is_removed(
    signed_in: Run,
    shop: Source,  # noqa: F811
    reader: User,
) -> None:
    assert "reader at http" in signed_in("whoami")[1]
    code, out, err = signed_in("search", "add_item")
    assert code == 0, err
    assert "shop:shop/cart.py:1-13  add_item" in out
    hits = json.loads(signed_in("search", "add_item", "--json")[1])["hits"]
    assert {hit["source"] for hit in hits} == {"shop"}
    revoke_token(ApiToken.objects.get(), by=reader)
    assert signed_in("search", "add_item")[0] == 3


def test_an_outsider_finds_nothing(
    address: str,  # noqa: F811
    shop: Source,  # noqa: F811
    outsider: User,
    run: Run,
) -> None:
    keeping.keep(keeping.Kept(address, token_of(outsider)))
    assert run("search", "add_item")[:2] == (1, "")
    hidden = run("search", "add_item", "--source", "shop")
    absent = run("search", "add_item", "--source", "nil")
    assert hidden[0] == absent[0] == 5
    assert hidden[2].replace("shop", "nil") == absent[2]


@pytest.mark.skipif(not is_there("/api/v1/threads"), reason="the API has no threads yet")
def test_asks_and_reads_what_the_answer_cites(
    signed_in: Run,
    shop: Source,  # noqa: F811
    worker: None,  # noqa: F811
) -> None:
    code, out, err = signed_in("ask", QUESTION)
    assert code == 0, err
    assert "shop:shop/cart.py:" in out
    answer = json.loads(signed_in("ask", QUESTION, "--last", "--json")[1])
    assert answer["state"] == "done"
    assert Message.objects.filter(role="answer").values("thread").distinct().count() == 1
    cited = answer["citations"][0]
    place = f"{cited['source']}:{cited['path']}:{cited['first_line']}-{cited['last_line']}"
    code, out, err = signed_in("file", place, "--at", cited["commit"])
    assert code == 0, err
    assert out.strip()
    code, out, err = signed_in("code", "/cart\\.append/")
    assert code == 0, err
    assert "shop:shop/cart.py:8:" in out
    assert "All of it was searched." in err
    assert "shop" in signed_in("sources")[1]
    assert signed_in("file", "secret:a.py")[0] == 5
