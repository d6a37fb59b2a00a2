"""Who may read a thread beside its owner."""

from __future__ import annotations

from django.contrib.auth.models import Group

from appliance.accounts.models import User
from appliance.conversations.models import Thread, ThreadShare


def share(
    thread: Thread, *, by: User, user: User | None = None, group: Group | None = None
) -> None:
    """Let a person or a group read the thread; to do it twice changes nothing."""
    ThreadShare.objects.get_or_create(
        thread=thread, user=user, group=group, defaults={"created_by": by}
    )


def unshare(share: ThreadShare) -> None:
    """Take a share back: at the next look, also of an open stream, the thread is gone for them."""
    share.delete()
