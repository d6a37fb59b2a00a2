"""Commands that look for something: search, code, file, sources."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import click
from rich.text import Text

from plumbline_cli.errors import NOTHING_FOUND, CliError
from plumbline_cli.options import appliance, as_json, where
from plumbline_cli.server import Server
from plumbline_cli.showing import (
    clean,
    err,
    print_json,
    show_code,
    show_hits,
    show_sources,
)

# As citations are printed: shop:src/cart.py, shop:src/cart.py:4-9
PLACE = re.compile(r"([^:]+):(.+?)(?::(\d+(?:-\d+)?))?")
MOST_PAGES = 1000


@click.command()
@click.argument("query", nargs=-1, required=True)
@click.option("--source", "sources", multiple=True, help="Only this source; may be repeated.")
@click.option("--set", "source_set", default="", help="Only a set of sources, by its name.")
@click.option("--ref", default="", help="As of this branch or tag.")
@click.option("--limit", type=click.IntRange(1, 100), default=10, show_default=True)
@as_json
@where
def search(
    query: tuple[str, ...],
    sources: tuple[str, ...],
    source_set: str,
    ref: str,
    limit: int,
    *,
    is_json: bool,
    url: str,
    ca: str,
) -> None:
    """Search by meaning and by words. Exit code 1: nothing was found."""
    with appliance(url, ca) as server:
        found = server.get(
            "/api/v1/search",
            q=" ".join(query),
            source=sources,
            set=source_set,
            ref=ref,
            limit=limit,
        )
        hits = found.get("hits") or []
        if is_json:
            print_json(found)
        else:
            show_hits(server, hits)
    _leave_unless(hits)


@click.command()
@click.argument("query", nargs=-1, required=True)
@click.option("--set", "source_set", default="", help="Only a set of sources, by its name.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=500, show_default=True)
@as_json
@where
def code(
    query: tuple[str, ...], source_set: str, limit: int, *, is_json: bool, url: str, ca: str
) -> None:
    """Find every line with an exact text, or a /regular expression/.

    Filters may stand beside it: repo: path: lang: ref: symbol: case:no. Exit code 1: no such line.
    """
    with appliance(url, ca) as server:
        found = server.get("/api/v1/code", q=" ".join(query), set=source_set, limit=limit)
        if is_json:
            print_json(found)
        else:
            count = show_code(server, found)
            is_complete = found.get("complete", (found.get("certificate") or {}).get("complete"))
            whole = "All of it was searched." if is_complete else "NOT all of it was searched."
            err().print(Text(f"{count} lines. {whole}", "dim" if is_complete else "yellow"))
    _leave_unless(found.get("files"))


@click.command("file")
@click.argument("place")
@click.option("--at", "commit", default="", help="A commit, branch or tag.")
@click.option("--lines", default="", metavar="A-B", help="Only these lines.")
@as_json
@where
def file(place: str, commit: str, lines: str, *, is_json: bool, url: str, ca: str) -> None:
    """Print a file, named as citations name it: shop:src/cart.py or shop:src/cart.py:4-9."""
    match = PLACE.fullmatch(place)
    if match is None:
        raise CliError("Name the file as SOURCE:PATH, such as shop:src/cart.py:4-9")
    source, path, named = match.groups()
    with appliance(url, ca) as server:
        at = commit or _live_commit(server, source)
        address = "/".join(quote(part, safe="") for part in (source, at)) + "/" + quote(path)
        told = server.get(f"/api/v1/files/{address}", lines=lines or named or "")
    if is_json:
        print_json(told)
    else:
        click.echo(clean(told.get("text", "")))


def _live_commit(server: Server, source: str) -> str:
    commit = server.get(f"/api/v1/sources/{quote(source, safe='')}").get("commit")
    if not commit:
        raise CliError(f"{clean(source)} has nothing to read yet: it was not synced.")
    return str(commit)


@click.command()
@as_json
@where
def sources(*, is_json: bool, url: str, ca: str) -> None:
    """List what may be read, with its state."""
    with appliance(url, ca) as server:
        found = list(_all_sources(server))
    if is_json:
        print_json({"items": found})
    else:
        show_sources(found)
    _leave_unless(found)


def _all_sources(server: Server) -> list[dict[str, Any]]:
    """Return the sources of every page."""
    found: list[dict[str, Any]] = []
    cursor = ""
    for _ in range(MOST_PAGES):
        page = server.get("/api/v1/sources", cursor=cursor)
        found += page.get("items") or []
        cursor = str(page.get("next") or "")
        if not cursor:
            break
    return found


def _leave_unless(found: object) -> None:
    if not found:
        err().print("Nothing was found.")
        raise click.exceptions.Exit(NOTHING_FOUND)
