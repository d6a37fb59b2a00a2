"""What the model may plan: one small JSON object, read strictly whatever it wrote.

The schema is as small as it can be, so that a model of half a billion parameters can fill it in;
where a server cannot hold the model to it, the same reader finds the object in what was said.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from appliance.conversations.visible import visible

LONGEST_TEXT = 300  # letters of a text or place; what is longer is cut
LONGEST_SAID = 20_000
MOST_OPTIONS = 4


class Action(StrEnum):
    SEARCH = "search"
    READ = "read"
    REFERENCES = "references"
    HISTORY = "history"
    ASK_BACK = "ask_back"
    WRITE = "write"


class PlanInvalid(Exception):
    """What was said is no plan that can be carried out; the message tells the model why."""


@dataclass(frozen=True, slots=True)
class Plan:
    action: Action
    text: str = ""
    place: str = ""
    options: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Return what two plans that do the same have in common."""
        return re.sub(r"\s+", " ", f"{self.action} {self.text.lower()} {self.place}").strip()


def schema(allowed: Collection[Action]) -> Mapping[str, object]:
    """Return the JSON schema of a plan. No lengths in it: counted repetitions cost seconds a token."""
    text = {"type": "string"}
    properties: dict[str, object] = {
        "action": {"type": "string", "enum": [action.value for action in allowed]},
        "text": text,
        "place": text,
    }
    if Action.ASK_BACK in allowed:
        properties["options"] = {"type": "array", "items": text, "maxItems": MOST_OPTIONS}
    return {
        "type": "object",
        "properties": properties,
        "required": ["action", "text"],
        "additionalProperties": False,
    }


def read_plan(said: str, *, allowed: Collection[Action], done: Collection[str] = ()) -> Plan:
    """Return the plan in what a model said. Raises PlanInvalid."""
    fields = _object_in(said)
    action = _action(fields.get("action"), allowed)
    plan = Plan(
        action,
        _line(fields.get("text", "")),
        _line(fields.get("place", "")),
        _options(fields.get("options", [])),
    )
    _check(plan)
    if plan.key in done:
        raise PlanInvalid("That was done already.")
    return plan


def _object_in(said: str) -> dict[str, object]:
    start = said.find("{")
    if start < 0 or len(said) > LONGEST_SAID:
        raise PlanInvalid("That is no JSON object.")
    try:
        found, _ = json.JSONDecoder().raw_decode(said, start)
    except (ValueError, RecursionError) as exc:
        raise PlanInvalid("That is no JSON object.") from exc
    return dict(found)


def _action(value: object, allowed: Collection[Action]) -> Action:
    if not isinstance(value, str) or value not in set(allowed):
        names = ", ".join(allowed)
        raise PlanInvalid(f'"action" must be one of: {names}.')
    return Action(value)


def _line(value: object) -> str:
    """Return a text on one line, without what nobody sees."""
    if not isinstance(value, str):
        raise PlanInvalid('"text" and "place" must be strings.')
    text = value.encode("utf-8", "replace").decode()
    return re.sub(r"\s+", " ", visible(text)).strip()[:LONGEST_TEXT].strip()


def _options(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise PlanInvalid('"options" must be a list of strings.')
    return tuple(option for option in dict.fromkeys(map(_line, value)) if option)[:MOST_OPTIONS]


def _check(plan: Plan) -> None:
    """Raise PlanInvalid when the action lacks what it is about."""
    match plan.action:
        case Action.READ if not plan.place:
            raise PlanInvalid('"read" needs a "place": a path or a number from the list.')
        case Action.SEARCH | Action.REFERENCES | Action.ASK_BACK if not plan.text:
            raise PlanInvalid(f'"{plan.action}" needs a "text".')
        case Action.HISTORY if not plan.text and not plan.place:
            raise PlanInvalid('"history" needs a "text" or a "place".')
