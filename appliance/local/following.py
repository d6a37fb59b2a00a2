"""After the start: what becomes ready, and the log of what fails."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from appliance.local.commands import last_lines
from appliance.local.model import LOAD, ModelState, read_state
from appliance.local.progress import Progress
from appliance.local.readiness import http_status
from appliance.local.starting import Running
from appliance.local.supervisor import ManagerUnreachable, ProgramState
from appliance.local.watching import Watcher

PAUSE_S = 1.0
# Once in a while on a log, so that a long step does not look like a dead one.
REMINDER_S = 60.0


class Ended(Exception):
    """The process manager ended without us: somebody ran 'make down', or it died."""


class ModelFailed(Exception):
    """The model did not start."""


@dataclass(slots=True)
class Follower:
    """Watches a running appliance and says what changes."""

    running: Running
    progress: Progress
    known: dict[str, ProgramState] = field(default_factory=dict)
    is_model_ready: bool = False
    model_step: str = ""
    reminded_s: float = 0.0
    marks: dict[str, float] = field(default_factory=dict)

    def welcome(self) -> None:
        """Show where it is and how to sign in."""
        running = self.running
        self.mark("web")
        known = f"in {running.home.password_file}"
        shown = f"{running.new_password}  (also {known})" if running.new_password else known
        lines = ["", f"  Address   {running.address}", "  User      admin", f"  Password  {shown}"]
        if running.choices.model.is_served_here:
            lines.append(f"  Model     comes up behind, log in {running.home.log_of('model')}")
        self.progress.say("\n".join([*lines, ""]))

    def follow(self) -> None:
        """Say what happens until somebody interrupts."""
        watcher = self.watch_sync()
        self.progress.say("Ctrl-C stops everything.")
        try:
            while True:
                self.look()
                time.sleep(PAUSE_S)
        finally:
            if watcher:
                watcher.stop()

    def wait_for_model(self) -> None:
        while self.running.choices.model.is_served_here and not self.is_model_ready:
            self.look()
            if self.known["model"].has_failed:
                raise ModelFailed(f"The model did not start: {self.model_problem()}")
            time.sleep(PAUSE_S)

    def model_problem(self) -> str:
        state = read_state(self.running.home.model_state_file)
        return state.problem if state else ""

    def watch_sync(self) -> Watcher | None:
        if not self.running.connected:
            self.mark("search")
            self.progress.say("Search is ready.")
            return None
        arguments = ["watch_sync", self.running.connected]
        return Watcher(arguments, tell=self.tell_sync, ended=self.sync_ended)

    def tell_sync(self, line: str) -> None:
        self.progress.say(f"  {self.running.connected}: {line}")
        if line.startswith("searchable by words") and "search" not in self.marks:
            self.mark("search")
            self.progress.say("Search is ready.")

    def sync_ended(self, code: int) -> None:
        if code == 0:
            self.mark("search by meaning")

    def mark(self, name: str) -> None:
        """Note after how many seconds something was reached."""
        self.marks[name] = round(self.progress.total_seconds, 1)
        self.progress.write(self.running.home.timings_file, self.marks)

    def look(self) -> None:
        try:
            states = self.running.manager.states()
        except ManagerUnreachable:
            raise Ended("Plumbline was stopped from elsewhere.") from None
        for state in states:
            self.look_at(state)
        if self.running.choices.model.is_served_here and not self.is_model_ready:
            self.look_at_model()

    def look_at(self, state: ProgramState) -> None:
        before, self.known[state.name] = self.known.get(state.name, state), state
        if state.name == "model" and state.has_failed and (problem := self.model_problem()):
            if not before.has_failed:
                self.progress.fail(f"The model cannot be served; search works. {problem}")
        elif state.is_down and state.state != before.state:
            self.show_log(f"{state.name}: {state.problem}", state.name)
        elif state.pid and before.pid and state.pid != before.pid:
            # Down and up again between two looks.
            self.show_log(f"{state.name} ended and was started again", state.name)
        elif state.state == "RUNNING" and before.is_down:
            self.progress.say(f"{state.name} runs again.")

    def show_log(self, sentence: str, program: str) -> None:
        log = self.running.home.log_of(program)
        self.progress.fail(f"{sentence}. The end of {log}:")
        self.progress.say(last_lines(log))

    def look_at_model(self) -> None:
        state = read_state(self.running.home.model_state_file)
        if state is None or state.problem:
            return
        if state.step == LOAD and http_status(self.running.chat_url, "/v1/models") == 200:
            self.is_model_ready = True
            self.model_is_ready(state)
        else:
            self.tell_model_step(state)

    def tell_model_step(self, state: ModelState) -> None:
        seconds = time.time() - state.since
        if state.step != self.model_step:
            self.model_step, self.reminded_s = state.step, 0.0
            self.progress.say(f"  {state.step} ...")
        elif seconds - self.reminded_s >= REMINDER_S:
            self.reminded_s = seconds
            self.progress.say(f"  {state.step}: {seconds:.0f} s so far")

    def model_is_ready(self, state: ModelState) -> None:
        for name, seconds in state.seconds.items():
            self.progress.record(name, seconds)
        self.progress.record(state.step, time.time() - state.since)
        self.mark("model")
        self.progress.say("The model is ready: ask away.")
