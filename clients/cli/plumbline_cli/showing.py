"""What people see. Whatever comes from the appliance is text: nothing in it moves the cursor, changes
the title of the terminal, or makes a link to elsewhere."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import click
from rich.console import Console
from rich.markdown import Markdown
from rich.style import Style
from rich.table import Table
from rich.text import Text

from plumbline_cli.server import Server


def out() -> Console:
    return Console(highlight=False, markup=False, soft_wrap=True)


def err() -> Console:
    return Console(stderr=True, highlight=False, markup=False, soft_wrap=True)


def clean(text: object) -> str:
    """Return text with control characters spelled out; tabs and new lines stay."""
    return "".join(
        char if char in "\n\t" or char.isprintable() else f"\\x{ord(char):02x}"
        for char in str(text)
    )


def print_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=True))


def linked(text: str, address: str) -> Text:
    """Return text that terminals open on a click, where there is something to open."""
    return Text(clean(text), Style(bold=True, link=clean(address) or None))


def lines_of(first: object, last: object) -> str:
    return f"{first}" if first == last else f"{first}-{last}"


def show_answer(server: Server, message: dict[str, Any]) -> None:
    """Print a finished answer with its citations as file:line."""
    console = out()
    text = clean(message.get("text") or "")
    console.print(Markdown(text, hyperlinks=False) if console.is_terminal else Text(text))
    citations = message.get("citations") or []
    if citations:
        console.print()
    for one in citations:
        where = f"{one['source']}:{one['path']}:{lines_of(one['first_line'], one['last_line'])}"
        address = server.address(str(one.get("url") or ""))
        line = Text(f"[{one['number']}] ") + linked(where, address)
        line.append(f" @{clean(one['commit'])[:12]}", "dim")
        console.print(line)
    _show_verdict(message)


def _show_verdict(message: dict[str, Any]) -> None:
    """Say on the error output what does not hold: it is about the answer, not part of it."""
    if message.get("unsupported"):
        count = _count(message["unsupported"])
        err().print(Text(f"Not supported by what is cited: {count} of the sentences.", "yellow"))
    if message.get("state") == "stopped":
        err().print(Text("The answer was stopped: it may be incomplete.", "yellow"))


def _count(value: object) -> int:
    return len(value) if isinstance(value, list) else int(str(value))


def show_hits(server: Server, hits: list[dict[str, Any]]) -> None:
    console = out()
    for hit in hits:
        first, last = hit["start_line"], hit["end_line"]
        page = file_page(hit["source"], hit["commit"], hit["path"], f"{first}-{last}")
        line = linked(
            f"{hit['source']}:{hit['path']}:{lines_of(first, last)}", server.address(page)
        )
        if hit.get("symbol"):
            line.append(f"  {clean(hit['symbol'])}", "dim")
        console.print(line)


def show_code(server: Server, result: dict[str, Any]) -> int:
    """Print matching lines as grep does; return how many there are."""
    console, count = out(), 0
    for file in result.get("files") or []:
        for line in file.get("lines") or []:
            number = line.get("number", line.get("line"))
            page = file_page(file["source"], file["commit"], file["path"], str(number))
            where = linked(f"{file['source']}:{file['path']}:{number}:", server.address(page))
            console.print(where + Text(f" {clean(line.get('text', ''))}", Style(bold=False)))
            count += 1
    return count


def show_sources(sources: list[dict[str, Any]]) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("Source", "Kind", "State", "Commit", "Compared"):
        table.add_column(heading)
    for one in sources:
        cells = (
            one.get("name"), one.get("kind"), one.get("state"),
            str(one.get("commit") or "")[:12], str(one.get("fresh_at") or "")[:16],
        )  # fmt: skip
        table.add_row(*(Text(clean(cell or "")) for cell in cells))
    out().print(table)


def file_page(source: str, commit: str, path: str, lines: str) -> str:
    place = f"{quote(source, safe='')}/{quote(commit, safe='')}/{quote(path)}"
    return f"/files/{place}?lines={lines}"
