"""`python -m appliance.local run|up|down|status`: Plumbline on one machine, without root."""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import ExitStack
from types import FrameType

from appliance.local.choices import WrongChoice, choices_from
from appliance.local.commands import CommandFailed
from appliance.local.following import Ended, Follower, ModelFailed
from appliance.local.home import ROOT, Home, HomeInUse, UnsafeFolder, home_from
from appliance.local.preflight import MissingPrerequisite
from appliance.local.progress import Progress
from appliance.local.readiness import StartFailed
from appliance.local.starting import claimed, start
from appliance.local.stopping import stop
from appliance.local.supervisor import Manager, ManagerUnreachable

# With one of these nothing of ours was started, so nothing is stopped: a second start must not
# end the first one.
REFUSALS = (HomeInUse, MissingPrerequisite, UnsafeFolder, WrongChoice)
FAILURES = (CommandFailed, Ended, ManagerUnreachable, ModelFailed, StartFailed)
INTERRUPTED = 130
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(home: Home, progress: Progress) -> int:
    """Start in the foreground; a Ctrl-C, a hang-up or a failure stops everything."""
    choices = choices_from(os.environ, ROOT)
    code = 0
    with claimed(home, choices):
        try:
            follower = Follower(start(home, choices, progress), progress)
            follower.welcome()
            follower.follow()
        except KeyboardInterrupt:
            progress.say("Stopping ...")
        except FAILURES as exc:
            progress.fail(str(exc))
            code = 1
        finally:
            stop_all(home, progress)
    return code


def up(home: Home, progress: Progress) -> int:
    """Start in the background and return when web and workers answer."""
    choices = choices_from(os.environ, ROOT)
    with claimed(home, choices), ExitStack() as unless_it_stays:
        unless_it_stays.callback(stop_all, home, progress)
        try:
            follower = Follower(start(home, choices, progress), progress)
            follower.welcome()
            if choices.wait_for_model:
                follower.wait_for_model()
        except KeyboardInterrupt:
            return INTERRUPTED
        except FAILURES as exc:
            progress.fail(str(exc))
            return 1
        unless_it_stays.pop_all()
    return 0


def down(home: Home, progress: Progress) -> int:
    if not stop_all(home, progress):
        progress.say(f"Nothing runs on {home.folder}.")
    return 0


def status(home: Home, progress: Progress) -> int:
    """Show the programs; the exit code says whether all of them run."""
    manager = Manager(home.control_socket)
    if not manager.is_running():
        progress.say(f"Nothing runs on {home.folder}.")
        return 1
    states = manager.states()
    for state in states:
        progress.say(f"  {state.name:<12} {state.state:<9} {state.problem}")
    return 0 if all(state.state == "RUNNING" for state in states) else 1


def stop_all(home: Home, progress: Progress) -> bool:
    """Stop everything and say how long it took; further Ctrl-C change nothing."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    started = time.monotonic()
    stopped = stop(home)
    if stopped:
        progress.say(f"Plumbline is stopped ({time.monotonic() - started:.1f} s).")
    return stopped


def interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


COMMANDS = {"run": run, "up": up, "down": down, "status": status}


def main() -> int:
    command = COMMANDS.get(sys.argv[1] if len(sys.argv) == 2 else "")
    progress = Progress()
    if command is None:
        progress.say(f"Usage: python -m appliance.local {'|'.join(COMMANDS)}")
        return 2
    # SIGINT too: a shell's background job inherits it as ignored.
    for number in STOP_SIGNALS:
        signal.signal(number, interrupt)
    try:
        return command(home_from(os.environ), progress)
    except REFUSALS as exc:
        progress.fail(str(exc))
        return 1


if __name__ == "__main__":
    sys.exit(main())
