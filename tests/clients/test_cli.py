"""The command-line client against the API's shapes: output, exit codes, errors, and what it keeps."""

from __future__ import annotations

import json
import re
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from plumbline_cli import commands, events, keeping, signing_in
from plumbline_cli.server import Server
from plumbline_cli.showing import clean

from tests.certificates import Authority
from tests.clients.fake_api import COMMIT, TOKEN, FakeApi, serving


@dataclass(frozen=True, slots=True)
class Ended:
    code: int
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("PLUMBLINE_URL", "PLUMBLINE_TOKEN", "PLUMBLINE_CA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(events, "PAUSE_S", 0.01)
    return tmp_path


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def ended(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["plumbline", *arguments])
        with pytest.raises(SystemExit) as exit_info:
            commands.main()
        captured = capsys.readouterr()
        code = exit_info.value.code
        return Ended(code if isinstance(code, int) else 0, captured.out, captured.err)

    return ended


@pytest.fixture
def api() -> Iterator[FakeApi]:
    fake = FakeApi()
    with serving(fake.app()) as url:
        fake.url = url
        yield fake


@pytest.fixture
def signed_in(api: FakeApi) -> FakeApi:
    keeping.keep(keeping.Kept(api.url, TOKEN, "ana"))
    return api


def test_login_by_code_keeps_a_token_that_nobody_else_reads(api: FakeApi, run: Run) -> None:
    ended = run("login", api.url)
    assert ended.code == 0, ended.err
    assert "BCDF-GHJK" in ended.err
    assert f"{api.url}/device/" in ended.err
    assert TOKEN not in ended.out + ended.err
    path = keeping.config_file()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert json.loads(path.read_text())["token"] == TOKEN
    assert "ana" in run("whoami").out
    assert run("logout").code == 0
    assert run("whoami").code == 3


def test_login_never_opens_a_browser_without_asking(
    api: FakeApi, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opened(*_: object) -> None:
        raise AssertionError("opened a browser")

    monkeypatch.setattr("plumbline_cli.account.click.launch", opened)
    assert run("login", api.url).code == 0


@pytest.mark.parametrize("error", ["access_denied", "expired_token"])
def test_login_that_fails_keeps_nothing(error: str, api: FakeApi, run: Run) -> None:
    api.device_error = error
    ended = run("login", api.url)
    assert ended.code == 5
    assert "again" in ended.err
    assert not keeping.config_file().exists()


def test_a_program_that_is_told_to_slow_down_does(api: FakeApi) -> None:
    slept: list[float] = []
    api.pending = 0
    api.device_error = "slow_down"

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            api.device_error = ""

    with Server(api.url) as server:
        signing_in.wait_for_token(server, signing_in.begin(server), sleep)
    assert [round(one, 2) for one in slept] == [0.01, 5.01, 10.01]


def test_an_answer_is_printed_with_its_citations(signed_in: FakeApi, run: Run) -> None:
    ended = run("ask", "How", "are", "items", "added?", "--source", "shop", "--mode", "pair")
    assert ended.code == 0
    assert "It **adds** the item [1]." in ended.out
    assert f"[1] shop:shop/cart.py:4-9 @{COMMIT[:12]}" in ended.out
    method, path, fields = signed_in.asked[0]
    assert (method, path) == ("POST", "/api/v1/threads")
    assert fields == {"question": "How are items added?", "mode": "pair", "sources": ["shop"]}
    assert signed_in.headers[0]["idempotency-key"]


def test_a_follow_up_goes_to_the_last_thread(signed_in: FakeApi, run: Run) -> None:
    assert run("ask", "first?", "--last").code == 5
    run("ask", "first?")
    run("ask", "and then?", "--last")
    assert signed_in.asked[-2][1] == "/api/v1/threads/t1/messages"
    run("ask", "there?", "--thread", "t7")
    assert signed_in.asked[-2][1] == "/api/v1/threads/t7/messages"


def test_json_is_what_the_api_gave(signed_in: FakeApi, run: Run) -> None:
    answer = json.loads(run("ask", "How?", "--json").out)
    assert answer["citations"][0]["path"] == "shop/cart.py"
    assert [one["name"] for one in json.loads(run("sources", "--json").out)["items"]] == [
        "shop",
        "pay",
    ]
    assert json.loads(run("whoami", "--json").out)["user"] == "ana"
    assert json.loads(run("file", "shop:a.py", "--json").out)["text"]


def test_a_stream_that_breaks_off_is_taken_up_again(signed_in: FakeApi, run: Run) -> None:
    signed_in.breaks = 2
    assert "It **adds**" in run("ask", "How?").out
    streams = [
        headers.get("last-event-id", "")
        for (_, path, _), headers in zip(signed_in.asked, signed_in.headers, strict=True)
        if path.endswith("/events")
    ]
    assert streams == ["", "1", "2"]


def test_exit_codes_tell_whether_there_is_an_answer(signed_in: FakeApi, run: Run) -> None:
    signed_in.answer = {**signed_in.answer, "text": "", "citations": [], "not_found": True}
    assert run("ask", "How?").code == 1
    signed_in.answer = {"state": "failed", "error": "The model does not answer."}
    ended = run("ask", "How?")
    assert (ended.code, "does not answer" in ended.err) == (5, True)
    ended = run("ask", "too much")
    assert (ended.code, "5 questions" in ended.err) == (5, True)
    assert run("ask").code == 2


def test_search_and_code_print_places(signed_in: FakeApi, run: Run) -> None:
    assert run("search", "x").code == 1
    assert run("code", "x").code == 1
    place = {"source": "shop", "path": "a b.py", "commit": COMMIT}
    signed_in.hits = [{**place, "start_line": 3, "end_line": 3, "symbol": "add", "score": 1.0}]
    assert run("search", "add").out == "shop:a b.py:3  add\n"
    lines = [{"number": 3, "text": "def [red]add():"}]
    signed_in.code = {"files": [{**place, "lines": lines}], "total": 1, "complete": False}
    ended = run("code", "/add/")
    assert ended.out == "shop:a b.py:3: def [red]add():\n"
    assert "NOT all of it" in ended.err
    ended = run("search", "x", "--source", "secret")
    assert (ended.code, ended.err) == (5, "plumbline: There is no source 'secret'.\n")


def test_a_file_is_named_as_citations_name_it(signed_in: FakeApi, run: Run) -> None:
    assert f"shop/{COMMIT}/src/a b.py 4-9" in run("file", "shop:src/a b.py:4-9").out
    assert "shop/release/2.0/a.py" in run("file", "shop:a.py", "--at", "release/2.0").out
    assert run("file", "nonsense").code == 5


def test_what_comes_from_the_appliance_moves_no_cursor(signed_in: FakeApi, run: Run) -> None:
    evil = "\x1b]0;owned\x07\x1b[2J\r[link=https://evil.example]x[/link]\u202e"
    signed_in.answer = {**signed_in.answer, "text": evil}
    signed_in.answer["citations"] = [
        {**signed_in.answer["citations"][0], "url": "https://evil.example/", "path": evil}
    ]
    for ended in (run("ask", "How?"), run("file", "shop:a.py")):
        assert not {"\x1b", "\x07", "\r", "\u202e"} & set(ended.out)
    assert "\\x1b" in clean(evil)


def test_on_a_terminal_it_streams_markdown_with_links_to_the_appliance_alone(
    signed_in: FakeApi, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    text = "It **adds** [here](https://evil.example/) \x1b]8;;https://evil.example/\x1b\\ [1]."
    signed_in.answer = {**signed_in.answer, "text": text}
    out = run("ask", "How?").out
    assert "It adds" in out
    assert "**" not in out
    links = re.findall(r"\x1b\]8;[^;]*;([^\x1b]+)\x1b", out)
    assert links
    assert {link.startswith(f"{signed_in.url}/files/shop/") for link in links} == {True}


def test_ctrl_c_stops_the_answer(
    signed_in: FakeApi, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("plumbline_cli.asking.follow", interrupted)
    assert run("ask", "How?").code == 130
    assert signed_in.asked[-1][:2] == ("POST", "/api/v1/messages/m1/stop")


def test_a_kept_token_goes_to_its_own_appliance_alone(
    signed_in: FakeApi, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = FakeApi()
    with serving(other.app()) as url:
        ended = run("whoami", "--url", url)
        assert (ended.code, other.asked) == (3, [])
        monkeypatch.setenv("PLUMBLINE_TOKEN", TOKEN)
        assert run("whoami", "--url", url).code == 0
        assert other.headers[0]["authorization"] == f"Bearer {TOKEN}"


def test_a_token_that_others_can_read_is_not_used(signed_in: FakeApi, run: Run) -> None:
    keeping.config_file().chmod(0o644)
    ended = run("whoami")
    assert ended.code == 5
    assert "chmod 600" in ended.err
    assert signed_in.asked == []


def test_errors_say_what_to_do(
    api: FakeApi, run: Run, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.setenv("PLUMBLINE_TOKEN", "plumb_wrong")
    ended = run("whoami", "--url", api.url)
    assert ended.code == 3
    assert f"plumbline login {api.url}" in ended.err
    dead = run("whoami", "--url", "http://127.0.0.1:9")
    assert dead.code == 4
    assert "is not reached" in dead.err
    assert run("whoami", "--url", "plumbline.example").code == 5
    assert run("login", f"{api.url}/nowhere").code == 4
    for ended in (dead, run("search", "x", "--url", "http://127.0.0.1:9")):
        assert "Traceback" not in ended.err
        assert ended.err.count("\n") == 1
        assert "plumb_wrong" not in ended.err


def test_a_certificate_of_the_companys_own_authority(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path)
    pair = authority.issue("server")
    monkeypatch.setenv("PLUMBLINE_TOKEN", TOKEN)
    with serving(FakeApi().app(), (pair.certificate, pair.key)) as url:
        ended = run("whoami", "--url", url)
        assert ended.code == 4
        assert "--ca FILE" in ended.err
        assert run("whoami", "--url", url, "--ca", str(authority.file)).code == 0
        assert run("whoami", "--url", url, "--ca", str(tmp_path / "none.pem")).code == 5


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_completes(shell: str, run: Run) -> None:
    ended = run("completion", shell)
    assert "_PLUMBLINE_COMPLETE" in ended.out
