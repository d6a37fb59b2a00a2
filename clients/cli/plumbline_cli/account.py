"""Commands of sign-in: login, logout, whoami."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

import click
from rich.text import Text

from plumbline_cli import keeping, signing_in
from plumbline_cli.errors import CliError, NotReached, Refused
from plumbline_cli.keeping import Kept
from plumbline_cli.options import appliance, as_json, where
from plumbline_cli.server import Server
from plumbline_cli.showing import clean, err, print_json
from plumbline_cli.signing_in import Codes

NOT_FOUND = 404
HERE = {"localhost", "127.0.0.1", "::1"}


@click.command()
@click.argument("url", default="")
@click.option("--ca", default="", metavar="FILE", help="Certificates of your company's authority.")
@click.option(
    "--token", "reads_token", is_flag=True, help="Read a token that you have from standard input."
)
@as_json
def login(url: str, ca: str, *, reads_token: bool, is_json: bool) -> None:
    """Sign in to the appliance at URL, by a code that you type into a browser."""
    kept = keeping.read_kept()
    url = (url or os.environ.get("PLUMBLINE_URL", "") or kept.url).rstrip("/")
    if not url:
        raise CliError("Name the appliance: plumbline login https://plumbline.example")
    ca = keeping.chosen_ca(ca, kept if url == kept.url else Kept())
    _warn_of_plain_http(url)
    token = sys.stdin.readline().strip() if reads_token else _token_by_code(url, ca)
    with Server(url, token, ca) as server:
        user = str(server.get("/api/v1/me").get("user", ""))
    path = keeping.keep(Kept(url, token, user, str(Path(ca).resolve()) if ca else ""))
    if is_json:
        print_json({"url": url, "user": user})
    else:
        err().print(f"Signed in to {clean(url)} as {clean(user)}; the token is in {path}.")


def _warn_of_plain_http(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme == "http" and parts.hostname not in HERE:
        err().print("Without TLS anybody in between can read your token: use https:// if you can.")


def _token_by_code(url: str, ca: str) -> str:
    with Server(url, ca=ca) as server:
        codes = _codes(server)
        console = err()
        console.print(
            Text(f"Open {clean(codes.page)} and type the code ")
            + Text(clean(codes.user_code), "bold")
        )
        _offer_browser(server, codes.page_with_code)
        console.print("Waiting for you there; Ctrl-C ends it.")
        return str(signing_in.wait_for_token(server, codes)["access_token"])


def _codes(server: Server) -> Codes:
    try:
        return signing_in.begin(server)
    except Refused as exc:
        if exc.status != NOT_FOUND:
            raise
        raise NotReached(f"{server.url} is no Plumbline to sign in to. Is it right?") from None


def _offer_browser(server: Server, page: str) -> None:
    """Open the page where the person says so, and only a page of the appliance itself."""
    can_ask = sys.stdin.isatty() and sys.stderr.isatty() and server.address(page)
    if can_ask and click.confirm("Open it in your browser now?", default=False, err=True):
        click.launch(page)


@click.command()
def logout() -> None:
    """Forget the token on this machine."""
    kept = keeping.read_kept()
    if not keeping.forget():
        err().print("You were not signed in.")
        return
    err().print(
        f"The token is forgotten here. It still opens what it opened: revoke it on {kept.url}/tokens/"
    )


@click.command()
@as_json
@where
def whoami(*, is_json: bool, url: str, ca: str) -> None:
    """Say whose token this is, what it may do, and until when."""
    with appliance(url, ca) as server:
        told = server.get("/api/v1/me")
    if is_json:
        print_json(told)
        return
    token = told.get("token") or {}
    rights = ", ".join(map(str, token.get("rights") or ())) or "nothing"
    ends = str(token.get("expires_at") or "")[:10]
    click.echo(clean(f"{told.get('user')} at {server.url}"))
    click.echo(clean(f"Token {token.get('prefix')}… may {rights}, until {ends}"))
    click.echo(clean(f"Reads {len(told.get('sources') or ())} sources"))
