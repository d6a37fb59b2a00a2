"""The export for programs."""

from __future__ import annotations

import json
from typing import Any

from appliance.conversations.exporting.pieces import Export, ExportedMessage

FORMAT = 1  # counts up when a field changes its meaning


def to_json(export: Export) -> str:
    return json.dumps(
        {
            "format": FORMAT,
            "thread": str(export.thread_id),
            "title": export.title,
            "all_branches": export.is_whole,
            "messages": [_message(one) for one in export.messages],
        },
        ensure_ascii=False,
        indent=2,
    )


def _message(message: ExportedMessage) -> dict[str, Any]:
    place = {
        "id": str(message.id),
        "parent": str(message.parent_id) if message.parent_id else None,
        "role": message.role,
        "sealed": message.is_sealed,
    }
    if message.is_sealed:
        return place
    return {
        **place,
        "state": message.state,
        "created_at": message.created_at.isoformat() if message.created_at else None,
        "pinned": message.is_pinned,
        "text": message.text,
        "citations": list(message.places),
        "checks": dict(message.checks),
        "receipt": dict(message.receipt),
        "error": message.error,
    }
