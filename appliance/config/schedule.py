"""What runs by the clock, how often in seconds, and in which queue each kind of work waits."""

from __future__ import annotations

from typing import Any

DAY = 24 * 3600.0
ROUTES = {
    "indexer.tasks.sync_source": {"queue": "sync"},
    "indexer.tasks.embed_source": {"queue": "embed"},
    # Minutes of work once a day: beside the embedding it holds up nobody who looks for something.
    "indexer.tasks.learn_ranking": {"queue": "embed"},
    "indexer.tasks.learn_embedding": {"queue": "embed"},
    "indexer.tasks.keep_vector_indexes": {"queue": "embed"},
    "indexer.tasks.take_over_embedding": {"queue": "embed"},
    "indexer.tasks.evaluate": {"queue": "embed"},
    "indexer.tasks.evaluate_run": {"queue": "embed"},
    "appliance.conversations.tasks.answer_question": {"queue": "ask"},
    # As the owner of the tables: the worker of the answers may not read them all.
    "appliance.web.tasks.back_up_nightly": {"queue": "sync"},
    "appliance.conversations.tasks.note_turns": {"queue": "upkeep"},
}


# Task -> seconds between two runs.
EVERY = {
    "indexer.tasks.dispatch_jobs": 10.0,
    "indexer.tasks.poll_sources": 10.0,
    "indexer.tasks.dispatch_runs": 30.0,
    # What was removed is gone within fifteen minutes: pruning must run well before that.
    "indexer.tasks.prune": 300.0,
    "indexer.tasks.keep_vector_indexes": 600.0,
    "indexer.tasks.take_over_embedding": 300.0,
    "indexer.tasks.sweep": DAY,
    "indexer.tasks.evaluate": DAY,
    "indexer.tasks.learn_ranking": DAY,
    "indexer.tasks.learn_embedding": DAY,
    "appliance.accounts.tasks.end_what_is_over": 5.0,
    # Whoever left and is at work here is out within ten seconds.
    "appliance.accounts.tasks.glance_at_directories": 5.0,
    "appliance.accounts.tasks.tell_admins": 15.0,
    "appliance.accounts.tasks.forget_expired_sign_ins": 3600.0,
    "appliance.sources.tasks.sync_host_accesses": 60.0,
    # What an answer cites is looked at within a minute of the sync that changed it.
    "appliance.conversations.tasks.look_at_citations": 15.0,
    "appliance.conversations.tasks.rescue_answers": 15.0,
    "appliance.conversations.tasks.forget_removed": 300.0,
    # So are saved searches with alerts; what they are told by mail and webhooks goes out.
    "appliance.sources.tasks.look_at_searches": 15.0,
    "appliance.sources.tasks.deliver_notifications": 10.0,
    "appliance.conversations.tasks.tell_of_answers": 10.0,
    "appliance.sources.tasks.forget_removed_places": 300.0,
    "appliance.audit.tasks.deliver": 10.0,
    "appliance.audit.tasks.sign_head": 60.0,
    "appliance.audit.tasks.prune_expired": DAY,
    "appliance.audit.tasks.verify": DAY,
    "appliance.web.tasks.back_up_nightly": DAY,
}
BEAT_S = 15.0
QUEUES_WITH_A_BEAT = ("sync", "embed", "ask")


def beat_schedule(directory_sync_s: int) -> dict[str, dict[str, Any]]:
    """Return Celery's schedule: each task by its own name."""
    every = EVERY | {"appliance.accounts.tasks.sync_directories": float(directory_sync_s)}
    beats = {
        f"beat-of-{queue}": {
            "task": "appliance.web.tasks.beat",
            "schedule": BEAT_S,
            "args": [queue],
            "options": {"queue": queue},
        }
        for queue in QUEUES_WITH_A_BEAT
    }
    return beats | {task: {"task": task, "schedule": seconds} for task, seconds in every.items()}
