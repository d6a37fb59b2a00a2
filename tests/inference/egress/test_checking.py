"""What gets out is called open, what does not is closed, and a broken tester knows nothing (F02, F03, F08)."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from inference.egress import checking
from inference.egress.attempts import attempt
from inference.egress.checking import check
from inference.egress.targets import PUBLIC, Target, WrongTarget, proxies_from, targets_from

ROOT = Path(__file__).resolve().parents[3]
NOBODY = "tcp://127.0.0.1:9"  # where nothing listens


@contextmanager
def listening(answer: Callable[[socket.socket], None] = lambda line: None) -> Iterator[int]:
    """Play the internet: a listener that answers each connection in its own way."""
    with socket.socket() as taking:
        taking.bind(("127.0.0.1", 0))
        taking.listen(8)

        def serve() -> None:
            while True:
                try:
                    line, _ = taking.accept()
                except OSError:
                    return
                with line:
                    answer(line)

        threading.Thread(target=serve, daemon=True).start()
        yield taking.getsockname()[1]
        taking.shutdown(socket.SHUT_RDWR)


@contextmanager
def answering(reply: Callable[[bytes], bytes]) -> Iterator[int]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind(("127.0.0.1", 0))
        line.settimeout(5)

        def serve() -> None:
            message, sender = line.recvfrom(512)
            line.sendto(reply(message), sender)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield line.getsockname()[1]
        thread.join(5)


def test_a_planted_leak_is_open_and_named() -> None:
    with listening() as port:
        report = check(targets_from([NOBODY, f"tcp://127.0.0.1:{port}"]))
    assert report.verdict == "open"
    assert [one.target for one in report.open] == [f"tcp://127.0.0.1:{port}"]
    assert report.sentence.startswith(f"EGRESS OPEN: tcp://127.0.0.1:{port} (")


def test_without_a_leak_it_is_sealed() -> None:
    report = check(targets_from([NOBODY, "dns://127.0.0.1:9", "name://nothing.invalid"]))
    assert report.verdict == "sealed"
    assert report.sentence.startswith("EGRESS CLOSED (3/3 attempts")


def test_a_control_that_fails_makes_all_unknown() -> None:
    report = check(targets_from([NOBODY]), controls=targets_from([NOBODY]))
    assert report.verdict == "unknown"
    assert "the control failed: tcp://127.0.0.1:9 (Connection refused)" in report.sentence


def test_an_open_way_is_open_even_when_a_control_fails() -> None:
    with listening() as port:
        way = targets_from([f"tcp://127.0.0.1:{port}"])
        assert check(way, controls=targets_from([NOBODY])).verdict == "open"


def test_a_machine_without_loopback_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    # An address of nobody's in the place of 127.0.0.1: as in a network with nothing in it.
    monkeypatch.setattr(checking, "LOOPBACK", "192.0.2.1")
    assert check(targets_from([NOBODY]), limit_s=0.3).verdict == "unknown"


def test_nothing_tried_is_unknown() -> None:
    assert check([]).verdict == "unknown"


def test_what_the_settings_accept_is_told_apart() -> None:
    way = targets_from(["name://1.1.1.1"])  # resolves to itself, without a question to anybody
    assert check(way).verdict == "open"
    report = check(way, accepted=["name"])
    assert (report.verdict, len(report.open)) == ("accepted", 1)
    with listening() as port:
        both = [*way, *targets_from([f"tcp://127.0.0.1:{port}"])]
        assert check(both, accepted=["name"]).verdict == "open"


def test_a_name_that_resolves_within_is_closed() -> None:
    assert attempt(Target("name", "localhost"), 2).outcome == "closed"


@pytest.mark.parametrize(
    ("kind", "reply", "outcome"),
    [
        ("dns", lambda asked: asked[:2] + b"\x81\x80" + asked[4:], "open"),
        ("dns", lambda asked: b"\x00\x00" + asked[2:], "closed"),
        ("ntp", lambda asked: b"\x24" + asked[1:], "open"),
        ("ntp", lambda asked: b"short", "closed"),
    ],
)
def test_a_reply_by_udp_is_a_way_out(
    kind: str, reply: Callable[[bytes], bytes], outcome: str
) -> None:
    with answering(reply) as port:
        assert attempt(Target(kind, "127.0.0.1", port), 2).outcome == outcome


def proxy(status: bytes, seen: list[bytes]) -> Callable[[socket.socket], None]:
    def answer(line: socket.socket) -> None:
        seen.append(line.recv(2048))
        line.sendall(b"HTTP/1.1 " + status + b"\r\n\r\n")

    return answer


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(b"200 OK", "open"), (b"407 No", "closed"), (b"403 No", "closed"), (b"", "closed")],
)
def test_a_proxy_of_the_environment_is_asked(status: bytes, outcome: str) -> None:
    seen: list[bytes] = []
    with listening(proxy(status, seen)) as port:
        [target] = proxies_from({"https_proxy": f"http://ana:hush@127.0.0.1:{port}"})
        ended = attempt(target, 2)
    assert ended.outcome == outcome
    assert seen[0].startswith(b"CONNECT 1.1.1.1:443 ")
    assert b"Proxy-Authorization: Basic YW5hOmh1c2g=" in seen[0]
    assert "hush" not in f"{target}{ended.detail}"


def socks(granted: bytes) -> Callable[[socket.socket], None]:
    def answer(line: socket.socket) -> None:
        line.recv(3)
        line.sendall(b"\x05\x00")
        line.recv(64)
        line.sendall(b"\x05" + granted + b"\x00\x01" + 6 * b"\x00")

    return answer


@pytest.mark.parametrize(("granted", "outcome"), [(b"\x00", "open"), (b"\x02", "closed")])
def test_a_socks_proxy_is_asked(granted: bytes, outcome: str) -> None:
    with listening(socks(granted)) as port:
        [target] = proxies_from({"ALL_PROXY": f"socks5h://127.0.0.1:{port}"})
        assert attempt(target, 2).outcome == outcome


def test_the_same_proxy_is_asked_once() -> None:
    environ = {"HTTP_PROXY": "http://proxy:3128", "https_proxy": "proxy:3128", "ALL_PROXY": "://:x"}
    assert len(proxies_from(environ)) == 1


def test_who_never_answers_holds_nobody_up() -> None:
    with listening(lambda line: time.sleep(60)) as port:
        started = time.monotonic()
        silent = Target("proxy", "127.0.0.1", port, "http")
        report = check([silent] * 20, limit_s=0.5)
    assert report.verdict == "sealed"
    assert time.monotonic() - started < 20


@pytest.mark.parametrize(
    "wrong", ["1.1.1.1", "ftp://x", "tcp://", "tcp://h:99999", "tcp://[::1", ""]
)
def test_a_target_that_is_none_is_refused(wrong: str) -> None:
    with pytest.raises(WrongTarget):
        targets_from([wrong])


def test_hostile_names_do_no_harm() -> None:
    hostile = [Target("name", "a" * 300), Target("name", "\x00"), Target("tcp", "x" * 100, 1)]
    assert {one.outcome for one in check(hostile, limit_s=2).attempts} <= {"closed", "untried"}


@pytest.mark.skipif(not shutil.which("bwrap"), reason="needs bubblewrap")
def test_an_empty_network_is_sealed() -> None:
    """F01's network: loopback and nothing else. All that is built in is tried there."""
    command = ["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--unshare-net", "--"]
    done = subprocess.run(
        [*command, sys.executable, "-m", "inference.egress"],
        cwd=ROOT, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("EGRESS CLOSED (")
    assert f"/{len(PUBLIC)} attempts" in done.stdout


def test_the_exit_code_says_that_it_is_open() -> None:
    with listening() as port:
        target = ["--target", f"tcp://127.0.0.1:{port}"]
        command = [sys.executable, "-m", "inference.egress", *target]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        assert (done.returncode, "EGRESS OPEN" in done.stdout) == (1, True)
    control = subprocess.run(
        [sys.executable, "-m", "inference.egress", "--target", NOBODY, "--control", NOBODY],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert (control.returncode, "EGRESS UNKNOWN" in control.stdout) == (2, True)
