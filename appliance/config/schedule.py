"""What runs by the clock, how often in seconds, and in which queue each kind of work waits."""

from __future__ import annotations

from typing import Any

DAY = 24 * 3600.0
ROUTES = {
    "indexer.tasks.sync_source": {"queue": "sync"},
    "indexer.tasks.embed_source": {"queue": "embed"},
    # Minutes of work once a day: beside the embedding it holds up nobody who looks for something.
    "indexer.tasks.learn_ranking": {"queue": "embed"},
    "indexer.tasks.keep_vector_indexes": {"queue": "embed"},
    "indexer.tasks.evaluate": {"queue": "embed"},
    "indexer.tasks.evaluate_run": {"queue": "embed"},
    "appliance.conversations.tasks.answer_question": {"queue": "ask"},
    # As the owner of the tables: the worker of the answers may not read them all.
    "appliance.web.tasks.back_up_nightly": {"queue": "sync"},
    "appliance.conversations.tasks.note_turns": {"queue": "upkeep"},
}


def beat_schedule(directory_sync_s: int) -> dict[str, dict[str, Any]]:
    """Return Celery's schedule."""
    return {
        "sync-directories": {
            "task": "appliance.accounts.tasks.sync_directories",
            "schedule": float(directory_sync_s),
        },
        "sync-host-accesses": {
            "task": "appliance.sources.tasks.sync_host_accesses",
            "schedule": 60.0,
        },
        "dispatch-jobs": {"task": "indexer.tasks.dispatch_jobs", "schedule": 10.0},
        "poll-sources": {"task": "indexer.tasks.poll_sources", "schedule": 10.0},
        **{
            f"beat-of-{queue}": {
                "task": "appliance.web.tasks.beat",
                "schedule": 15.0,
                "args": [queue],
                "options": {"queue": queue},
            }
            for queue in ("sync", "embed", "ask")
        },
        "rescue-answers": {
            "task": "appliance.conversations.tasks.rescue_answers",
            "schedule": 15.0,
        },
        # What an answer cites is looked at within a minute of the sync that changed it.
        "look-at-citations": {
            "task": "appliance.conversations.tasks.look_at_citations",
            "schedule": 15.0,
        },
        # So are saved searches with alerts; what they are told by mail and webhooks goes out.
        "look-at-searches": {"task": "appliance.sources.tasks.look_at_searches", "schedule": 15.0},
        "forget-removed-places": {
            "task": "appliance.sources.tasks.forget_removed_places",
            "schedule": 300.0,
        },
        "deliver-notifications": {
            "task": "appliance.sources.tasks.deliver_notifications",
            "schedule": 10.0,
        },
        # What was removed is gone within fifteen minutes: pruning must run well before that.
        "prune": {"task": "indexer.tasks.prune", "schedule": 300.0},
        "forget-removed": {
            "task": "appliance.conversations.tasks.forget_removed",
            "schedule": 300.0,
        },
        "forget-expired-sign-ins": {
            "task": "appliance.accounts.tasks.forget_expired_sign_ins",
            "schedule": 3600.0,
        },
        "end-what-is-over": {"task": "appliance.accounts.tasks.end_what_is_over", "schedule": 5.0},
        "tell-admins": {"task": "appliance.accounts.tasks.tell_admins", "schedule": 15.0},
        "sweep": {"task": "indexer.tasks.sweep", "schedule": DAY},
        "keep-vector-indexes": {"task": "indexer.tasks.keep_vector_indexes", "schedule": 600.0},
        "evaluate": {"task": "indexer.tasks.evaluate", "schedule": DAY},
        "dispatch-runs": {"task": "indexer.tasks.dispatch_runs", "schedule": 30.0},
        "learn-ranking": {"task": "indexer.tasks.learn_ranking", "schedule": DAY},
        "sign-audit-head": {"task": "appliance.audit.tasks.sign_head", "schedule": 60.0},
        "deliver-audit": {"task": "appliance.audit.tasks.deliver", "schedule": 10.0},
        "prune-audit": {"task": "appliance.audit.tasks.prune_expired", "schedule": DAY},
        "back-up": {"task": "appliance.web.tasks.back_up_nightly", "schedule": DAY},
        "verify-audit": {"task": "appliance.audit.tasks.verify", "schedule": DAY},
    }
