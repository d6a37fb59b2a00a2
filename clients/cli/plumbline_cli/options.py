"""Options that every command has, and the appliance that they choose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from plumbline_cli.keeping import place_of
from plumbline_cli.server import Server

F = TypeVar("F", bound=Callable[..., Any])


def where(command: F) -> F:
    """Add --url and --ca."""
    url = click.option("--url", default="", help="The appliance, if not the one you signed in to.")
    ca = click.option(
        "--ca", default="", metavar="FILE", help="Certificates of your company's own authority."
    )
    return url(ca(command))


def as_json(command: F) -> F:
    """Add --json."""
    return click.option("--json", "is_json", is_flag=True, help="Print what programs read.")(
        command
    )


def appliance(url: str, ca: str) -> Server:
    """Return the chosen appliance, with the token for it."""
    place = place_of(url, ca)
    return Server(place.url, place.token, place.ca)
