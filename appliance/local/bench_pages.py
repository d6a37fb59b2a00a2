"""Measures pages as a browser feels them: the largest paint, how far things shift, the slowest
answer to a key or a click, and what is loaded, on a running appliance over the local network.

    python -m appliance.local.bench_pages ADDRESS --user NAME --password-file FILE [--path /...]

Needs Playwright and Chromium (CHROMIUM names it). The last line is JSON: milliseconds and KB; `shift`
is the layout shift without a unit; `slowest_input_ms` is the worst of a few keys and clicks, 16 when
the browser found none slow enough to tell; a largest paint of 0 was not told.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

PATHS = ("/", "/search/", "/sources/", "/status/", "/sessions/")
SETTLED_MS = 800
FRAME_MS = 16
PAINT_LOOKS = 50  # a page that a browser holds for hidden tells of no paint
# Before the page's own scripts: what is painted first is seen as well.
OBSERVE = """
window.measured = {paint: 0, shift: 0, input: 0};
new PerformanceObserver(list => {
    for (const entry of list.getEntries()) window.measured.paint = entry.startTime;
}).observe({type: "largest-contentful-paint", buffered: true});
new PerformanceObserver(list => {
    for (const entry of list.getEntries()) {
        if (!entry.hadRecentInput) window.measured.shift += entry.value;
    }
}).observe({type: "layout-shift", buffered: true});
new PerformanceObserver(list => {
    for (const entry of list.getEntries()) {
        window.measured.input = Math.max(window.measured.input, entry.duration);
    }
}).observe({type: "event", durationThreshold: 16, buffered: true});
"""
LOADED = """() => performance.getEntriesByType("resource").map(one =>
    [one.initiatorType, new URL(one.name).origin === location.origin, one.decodedBodySize])"""


@dataclass(frozen=True, slots=True)
class Vitals:
    """What one page was like."""

    path: str
    largest_paint_ms: float
    shift: float
    slowest_input_ms: float
    script_kb: float
    from_elsewhere: int


def measure(page: Page, path: str) -> Vitals:
    """Open a page, use it a little, and return what that was like."""
    page.add_init_script(OBSERVE)
    page.goto(path)
    page.wait_for_timeout(SETTLED_MS)
    for _ in range(PAINT_LOOKS):  # no paint counts after the first input
        if page.evaluate("window.measured.paint"):
            break
        page.wait_for_timeout(SETTLED_MS // 4)
    # A menu by mouse, the palette and a search in it by keys: what every page has.
    page.click(".account > summary")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.keyboard.type("read")
    page.wait_for_timeout(SETTLED_MS)
    page.keyboard.press("Escape")
    page.wait_for_timeout(SETTLED_MS // 4)
    found = page.evaluate("window.measured")
    loaded = page.evaluate(LOADED)
    scripts = sum(size for kind, _, size in loaded if kind == "script")
    return Vitals(
        path,
        round(found["paint"], 1),
        round(found["shift"], 4),
        max(round(found["input"], 1), FRAME_MS),
        round(scripts / 1024, 1),
        sum(not is_ours for _, is_ours, _ in loaded),
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench_pages", description=__doc__)
    parser.add_argument("address")
    parser.add_argument("--user", required=True)
    parser.add_argument("--password-file", type=Path, required=True)
    parser.add_argument("--path", action="append", help="a page to open; several times for several")
    options = parser.parse_args()
    password = options.password_file.read_text("utf-8").strip()
    found = _measured(options.address, options.user, password, options.path or PATHS)
    for one in found:
        sys.stderr.write(f"{one}\n")
    sys.stdout.write(json.dumps({"pages": [asdict(one) for one in found]}) + "\n")


def _measured(address: str, user: str, password: str, paths: Sequence[str]) -> list[Vitals]:
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        window = browser.new_context(base_url=address)
        page = window.new_page()
        page.goto("/accounts/login/")
        page.fill("[name=login]", user)
        page.fill("[name=password]", password)
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: "/accounts/login" not in url)
        page.close()
        found = []
        for path in paths:
            page = window.new_page()
            found.append(measure(page, path))
            page.close()
        browser.close()
    return found


if __name__ == "__main__":
    main()
