"""`plumbline ask`: streams an answer, stops it when one does not want it any more."""

from __future__ import annotations

import sys
import uuid
from typing import Any

import click
from rich.live import Live
from rich.markdown import Markdown
from rich.text import Text

from plumbline_cli.errors import NOTHING_FOUND, CliError
from plumbline_cli.events import Event, follow
from plumbline_cli.keeping import keep_last, read_last
from plumbline_cli.options import appliance, as_json, where
from plumbline_cli.server import Server
from plumbline_cli.showing import clean, err, out, print_json, show_answer

MODES = ("auto", "answer", "pair", "fix")
WORDS = {"queued": "Waiting", "searching": "Searching", "writing": "Writing"}


@click.command()
@click.argument("question", nargs=-1, required=True)
@click.option("--source", "sources", multiple=True, help="Only this source; may be repeated.")
@click.option("--set", "source_set", default="", help="Only a set of sources, by its name.")
@click.option("--ref", default="", help="As of this branch or tag.")
@click.option("--mode", type=click.Choice(MODES), default="auto", show_default=True)
@click.option("--thread", default="", help="Follow up in this thread.")
@click.option("--last", is_flag=True, help="Follow up in the thread that you asked in last.")
@as_json
@where
def ask(
    question: tuple[str, ...],
    sources: tuple[str, ...],
    source_set: str,
    ref: str,
    mode: str,
    thread: str,
    *,
    last: bool,
    is_json: bool,
    url: str,
    ca: str,
) -> None:
    """Ask about the code; "-" reads the question from the standard input.

    Exit code 1: nothing in the sources answers it, or the answer could not be written.
    """
    text = sys.stdin.read() if question == ("-",) else " ".join(question)
    with appliance(url, ca) as server:
        if last:
            thread = thread or read_last(server.url)
            if not thread:
                raise CliError("You have asked nothing here yet: leave --last out.")
        fields = {"question": text, "mode": mode, "sources": list(sources)}
        fields |= {"set": source_set, "ref": ref}
        thread_id, message_id = _asked(server, thread, fields)
        keep_last(server.url, thread_id)
        message = _followed(server, message_id, is_quiet=is_json)
        if is_json:
            print_json({**message, "thread": message.get("thread", thread_id)})
        else:
            show_answer(server, message)
    _leave(message)


def _asked(server: Server, thread: str, fields: dict[str, Any]) -> tuple[str, str]:
    """Ask, and return the ids of the thread and of the answer to come."""
    given = {name: value for name, value in fields.items() if value not in ("", [])}
    # Sent again by a proxy or by hand, it is still one question.
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    path = f"/api/v1/threads/{thread}/messages" if thread else "/api/v1/threads"
    told = server.post(path, given, headers)
    message = told.get("message") or {}
    if not message.get("id"):
        raise CliError("The appliance does not say which answer is to come.")
    return str((told.get("thread") or {}).get("id") or thread), str(message["id"])


def _followed(server: Server, message_id: str, *, is_quiet: bool) -> dict[str, Any]:
    """Follow the answer on the terminal; Ctrl-C stops it."""
    try:
        console = out()
        if is_quiet or not console.is_terminal:
            return follow(server, message_id, lambda _: None)
        with Live(console=console, transient=True, refresh_per_second=8) as live:
            return follow(server, message_id, _Shown(live))
    except KeyboardInterrupt:
        server.post(f"/api/v1/messages/{message_id}/stop", {})
        err().print("Stopped.")
        raise click.exceptions.Exit(130) from None


class _Shown:
    """What has come of an answer so far, on the terminal."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._text = ""

    def __call__(self, event: Event) -> None:
        if event.name == "text":
            self._text += clean(event.fields.get("text", event.fields.get("delta", "")))
            self._live.update(Markdown(self._text, hyperlinks=False))
        elif event.name == "state" and not self._text:
            self._live.update(Text(_sentence(event.fields), "dim"))


def _sentence(state: dict[str, Any]) -> str:
    word = WORDS.get(str(state.get("state")), "Waiting")
    before = state.get("queue_position")
    return f"{word}: {clean(before)} before you …" if before else f"{word} …"


def _leave(message: dict[str, Any]) -> None:
    """End with the exit code that tells whether there is an answer."""
    if message.get("state") == "failed":
        raise CliError(clean(message.get("error") or "The answer could not be written."))
    if message.get("not_found") or not message.get("text"):
        err().print("Nothing in the sources answers this.")
        raise click.exceptions.Exit(NOTHING_FOUND)
