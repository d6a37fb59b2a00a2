"""What a page may not do: load from elsewhere, break its own security policy, fail, be unusable."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import ConsoleMessage, Page, Request

# The policy in force rules (all of axe's defaults and best practices) and nothing else.
AXE_OPTIONS = {"resultTypes": ["violations"]}
# What is being replaced is dimmed meanwhile, and comes back by a transition.
IS_AT_REST = """!document.querySelector(".htmx-request")
    && !document.getAnimations().some(one => one instanceof CSSTransition)"""


@dataclass  # without slots: Playwright keeps its wrapper of a handler on the object
class Watch:
    """Collects what goes wrong while a page is open."""

    host: str
    foreign: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @classmethod
    def over(cls, page: Page, address: str) -> Watch:
        watch = cls(urlsplit(address).netloc)
        page.on("request", watch.saw_request)
        page.on("console", watch.saw_message)
        page.on("pageerror", lambda error: watch.complaints.append(str(error)))
        return watch

    def taken(self) -> list[str]:
        """Return what went wrong since this was asked last."""
        found = [*self.foreign, *self.complaints]
        self.foreign.clear()
        self.complaints.clear()
        return found

    def saw_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https", "ws", "wss"} and parts.netloc != self.host:
            self.foreign.append(request.url)

    def saw_message(self, message: ConsoleMessage) -> None:
        # The browser logs the status of a page that is meant to fail; nothing else is expected.
        if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)


def wait_until(page: Page, expression: str, limit_s: float = 30.0) -> None:
    """Wait for a script's expression to be true.

    Playwright's wait_for_function asks again by eval, which the policy of the pages forbids.
    """
    deadline = time.monotonic() + limit_s
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, expression
        page.wait_for_timeout(50)


def violations_of(page: Page) -> list[str]:
    """Return what axe finds: the rule and the elements, one line each."""
    page.wait_for_load_state()  # after a click that leads on, the next page is not there at once
    wait_until(page, IS_AT_REST)
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    violations = page.evaluate("options => axe.run(options).then(of => of.violations)", AXE_OPTIONS)
    return [
        f"{violation['id']}: {node['html'][:160]} ({node.get('failureSummary', '')[:200]})"
        for violation in violations
        for node in violation["nodes"]
    ]
