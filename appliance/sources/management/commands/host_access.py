"""The permissions of code hosts without the admin pages: look first, take, sync, take no longer."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError

from appliance.common.commandline import sentences
from appliance.sources.hostaccess.asking import ask
from appliance.sources.hostaccess.managing import switch_off, switch_on
from appliance.sources.hostaccess.places import host_of
from appliance.sources.hostaccess.planning import plan
from appliance.sources.hostaccess.state import state_of
from appliance.sources.hostaccess.syncing import sync_access
from appliance.sources.models import CodeHost, HostAccess
from appliance.sources.operators import source_named
from indexer.models import Source


class Command(BaseCommand):
    help = "Let whoever may read a repository on its code host read its source here."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("sources", metavar="SOURCE", nargs="+")
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--preview", action="store_true", help="say what would change")
        what.add_argument("--on", action="store_true", help="take them from now on")
        what.add_argument("--off", action="store_true", help="take them no longer")
        what.add_argument("--sync", action="store_true", help="ask the host now")
        parser.add_argument(
            "--go-on", action="store_true", help="with --sync: also when that shuts out many"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        with sentences():
            for source in [source_named(name) for name in options["sources"]]:
                self.stdout.write(f"{source.name}: {_done(source, options)}")


def _done(source: Source, options: dict[str, Any]) -> str:
    if options["preview"]:
        return _previewed(source)
    if options["on"]:
        return _synced(switch_on(source, _host(source)))
    if options["off"]:
        switch_off(_access(source))
        return "the permissions of the host are no longer taken."
    if options["sync"]:
        return _synced(_access(source), go_on=options["go_on"])
    return _state(source)


def _previewed(source: Source) -> str:
    host = _host(source)
    planned = plan(source, host, ask(host, source))
    nobody = "".join(f"\n  {one.member.user_name}: {one.why}" for one in planned.unmatched)
    return (
        f"{len(planned.people)} people would read by the word of {host}, {len(planned.gains)} rules "
        f"would come, {len(planned.loses)} go, {len(planned.unmatched)} accounts are nobody here."
        f"{nobody}"
    )


def _synced(access: HostAccess, *, go_on: bool = False) -> str:
    report = sync_access(access, go_on=go_on)
    if report.is_busy:
        return "a sync of these permissions runs already."
    if report.error:
        raise CommandError(f"{access.source.name}: {report.error}")
    return (
        f"{report.people} people read by the word of {access.host}, {report.gained} rules came, "
        f"{report.lost} went, {report.unmatched} accounts are nobody here."
    )


def _state(source: Source) -> str:
    state = state_of(source)
    if state.access is None:
        where = f"it lies on {state.host}" if state.host else "its host is not set up"
        return f"no permissions of a host are taken; {where}."
    behind = "never synced" if state.seconds is None else f"{state.seconds} s behind"
    wrong = f" {state.access.error}" if state.access.error else ""
    return f"{state.people} people by the word of {state.host}, {behind}.{wrong}"


def _host(source: Source) -> CodeHost:
    if (host := host_of(source)) is None:
        raise CommandError(
            f"{source.name} does not lie on a code host that is set up: see Code hosts in the "
            "administration."
        )
    return host


def _access(source: Source) -> HostAccess:
    access = HostAccess.objects.select_related("host", "source").filter(source=source).first()
    if access is None:
        raise CommandError(f"{source.name} does not take the permissions of a host.")
    return access
