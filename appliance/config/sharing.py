"""Connections to the database that the web's requests share: a new one for each costs as much
processor time as the rest of a short request (docs/decisions/0071-requests-share-connections.md)."""

from __future__ import annotations

from typing import Any

from appliance.config.env import env_bool, env_choice

KEEPING = "appliance.common.postgresql"


def shared(database: dict[str, Any]) -> dict[str, Any]:
    """Return how the web connects: as the others do, but what a request gives back is kept. Others
    hold their connections for as long as a task lasts."""
    role = env_choice("PLUMBLINE_DATABASE_ROLE", choices={"owner", "web", "ask"}, default="owner")
    is_wanted = env_bool("PLUMBLINE_KEEP_CONNECTIONS", default=True)
    return database | {"ENGINE": KEEPING} if role == "web" and is_wanted else database
