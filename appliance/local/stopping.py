"""The stop: in order, within seconds, and with nothing left behind."""

from __future__ import annotations

import time
from xmlrpc.client import Fault

from appliance.local.home import Home
from appliance.local.leftovers import end_leftovers
from appliance.local.supervisor import Manager, ManagerUnreachable

# The longest stop of each group, one after the other, with a margin.
STOP_TIMEOUT_S = 45.0


def stop(home: Home) -> bool:
    """Stop everything of this data folder; return whether anything ran."""
    manager = Manager(home.control_socket)
    was_running = manager.is_running()
    if was_running:
        manager.shut_down()
        wait_until_gone(manager)
    return end_leftovers(home.control_socket) > 0 or was_running


def wait_until_gone(manager: Manager) -> None:
    deadline = time.monotonic() + STOP_TIMEOUT_S
    while time.monotonic() < deadline:
        try:
            manager.call("getState")
        except ManagerUnreachable:
            return
        except Fault:  # it answers nothing else while it shuts down
            pass
        time.sleep(0.1)
