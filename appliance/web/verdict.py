"""What all checks together say: one word and one sentence."""

from __future__ import annotations

from appliance.web.check import Check


def worst_state(checks: list[Check]) -> str:
    states = {check.state for check in checks}
    return next((state for state in ("failed", "warning") if state in states), "ok")


def ordered(checks: list[Check]) -> list[Check]:
    """Return what fails first, then what needs a look, then the rest as it stood."""
    urgency = {"failed": 0, "warning": 1}
    return sorted(checks, key=lambda check: urgency.get(check.state, 2))


def summary_of(checks: list[Check]) -> str:
    """Say in one sentence what works and what does not."""
    failed = [check.name for check in checks if check.state == "failed"]
    warned = [check.name for check in checks if check.state == "warning"]
    if failed:
        return f"Not working: {', '.join(failed)}."
    if warned:
        return f"Everything answers; a look is due at: {', '.join(warned)}."
    return "Everything works."
