"""Carries a plan out with what search already offers. Nothing here changes anything."""

from __future__ import annotations

from appliance.conversations.answering.pairing.changes import history
from appliance.conversations.answering.pairing.ledger import Ledger
from appliance.conversations.answering.pairing.outcomes import Outcome, of_files
from appliance.conversations.answering.pairing.plans import Action, Plan
from appliance.conversations.answering.pairing.reach import Reach, found_by
from appliance.conversations.answering.pairing.reading import read
from appliance.conversations.answering.pairing.references import references
from appliance.conversations.answering.steps import Kind

SEARCH_HITS = 8
SEARCH_SHARE = 0.8  # of a search that the planner thought of; the question's own counts more

KINDS = {
    Action.SEARCH: Kind.SEARCH,
    Action.READ: Kind.READ,
    Action.REFERENCES: Kind.REFERENCES,
    Action.HISTORY: Kind.HISTORY,
}


def act(plan: Plan, ledger: Ledger, reach: Reach, query: str, seconds: float) -> Outcome:
    """Return what an action came to; `query` is the question as it stands alone."""
    match plan.action:
        case Action.READ:
            return read(plan, ledger, reach, query)
        case Action.REFERENCES:
            return references(plan, reach, seconds)
        case Action.HISTORY:
            return history(plan, ledger, reach)
        case _:
            result = reach.search(plan.text, limit=SEARCH_HITS)
            found = tuple(found_by(hit, share=SEARCH_SHARE) for hit in result.hits)
            return Outcome(Kind.SEARCH, f"Searched for “{plan.text}”", of_files(found), found)


def announced(plan: Plan) -> str:
    """Return what a step is called while it is taken."""
    match plan.action:
        case Action.READ:
            return f"Reading {plan.place}"
        case Action.REFERENCES:
            return f"Looking for uses of {plan.text}"
        case Action.HISTORY:
            return f"Looking in past changes for {plan.place or plan.text}"
        case _:
            return f"Searching for “{plan.text}”"
