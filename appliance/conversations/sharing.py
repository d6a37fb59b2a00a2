"""Who may read a thread beside its owner."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django.db import transaction

from appliance.accounts.models import User
from appliance.audit.actions import Action
from appliance.audit.recording import Target, record
from appliance.conversations.models import Thread, ThreadShare


def share(
    thread: Thread, *, by: User, user: User | None = None, group: Group | None = None
) -> None:
    """Let a person or a group read the thread; to do it twice changes nothing."""
    with transaction.atomic():
        made, is_new = ThreadShare.objects.get_or_create(
            thread=thread, user=user, group=group, defaults={"created_by": by}
        )
        if is_new:
            _record(Action.SHARED, made)


def unshare(share: ThreadShare) -> None:
    """Take a share back: at the next look, also of an open stream, the thread is gone for them."""
    with transaction.atomic():
        _record(Action.UNSHARED, share)
        share.delete()


def _record(action: Action, share: ThreadShare) -> None:
    whom = {"person": share.user.get_username()} if share.user else {"group": str(share.group)}
    record(action, target=Target("thread", str(share.thread_id)), details=whom)
