"""Breaking the glass: an admin opens all content for themselves, with a reason, and not in silence.

What it opens is decided where all reading is decided, in `appliance.sources.access`.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from appliance.accounts.models import BrokenGlass, Role, User
from appliance.accounts.roles import has_role
from appliance.audit.acting import Actor
from appliance.audit.actions import Action
from appliance.audit.recording import Target, record

MOST_NOTICES = 5  # on top of a page
SHORTEST_REASON = 10  # letters: "because" tells a security officer nothing


class GlassRefused(Exception):
    """Emergency access was not opened; the sentence says why."""


def open_glass(user: User, reason: str, *, request: HttpRequest | None = None) -> BrokenGlass:
    """Let an admin read everything until a time from now. One that is open stays as it is."""
    reason = reason.strip()
    if not has_role(user, Role.ADMIN):
        raise GlassRefused("Only an admin can open emergency access.")
    if len(reason) < SHORTEST_REASON:
        raise GlassRefused("Say in a sentence why; every admin will read it.")
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        if (already := glass_of(user)) is not None:
            return already
        _close(user.broken_glass.filter(closed_at=None))  # past its end, not noted yet
        glass = BrokenGlass.objects.create(
            user=user,
            reason=reason,
            ends_at=timezone.now() + timedelta(minutes=settings.GLASS_MINUTES),
            mail=BrokenGlass.Mail.WAITING if settings.EMAIL_HOST else BrokenGlass.Mail.OFF,
        )
        details = {"reason": reason, "ends_at": glass.ends_at.isoformat()}
        record(
            Action.GLASS_BROKEN,
            actor=user,
            target=_target(glass),
            request=request,
            details=details,
        )
    return glass


def close_glass(glass: BrokenGlass, *, by: Actor, request: HttpRequest | None = None) -> None:
    """End emergency access before its time."""
    _close(BrokenGlass.objects.filter(pk=glass.pk, closed_at=None), by=by, request=request)


def glass_of(user: User) -> BrokenGlass | None:
    """Return the emergency access that somebody has at this moment.

    It ends with the role and with being active, as well as with its time.
    """
    glass = open_glasses().filter(user=user).first()
    return glass if glass and has_role(user, Role.ADMIN) else None


def open_glasses() -> QuerySet[BrokenGlass]:
    """Return all emergency access that is open now."""
    return BrokenGlass.objects.filter(closed_at=None, ends_at__gt=timezone.now())


def notices_for(admin: User) -> list[BrokenGlass]:
    """Return the emergency access that an admin must hear of: open, or others' and not seen yet."""
    seen = BrokenGlass.objects.filter(seen_by=admin)
    unseen = ~Q(pk__in=seen.values("pk")) & ~Q(user=admin)
    is_open = Q(closed_at=None, ends_at__gt=timezone.now())
    return list(BrokenGlass.objects.filter(is_open | unseen).select_related("user")[:MOST_NOTICES])


def note_seen(admin: User) -> None:
    """Write down that an admin has looked at the list of all emergency access."""
    through = BrokenGlass.seen_by.through
    unseen = BrokenGlass.objects.exclude(pk__in=BrokenGlass.objects.filter(seen_by=admin))
    through.objects.bulk_create(
        [
            through(brokenglass_id=pk, user_id=admin.pk)
            for pk in unseen.values_list("pk", flat=True)
        ],
        ignore_conflicts=True,
    )


def close_ended() -> int:
    """Record the end of emergency access whose time is over; return how many ended."""
    return _close(BrokenGlass.objects.filter(closed_at=None, ends_at__lte=timezone.now()))


def _close(
    open_ones: QuerySet[BrokenGlass], *, by: Actor = None, request: HttpRequest | None = None
) -> int:
    count = 0
    with transaction.atomic():
        for glass in open_ones.select_for_update().select_related("user"):
            glass.closed_at = timezone.now() if by else glass.ends_at
            glass.save(update_fields=["closed_at"])
            record(
                Action.GLASS_MENDED,
                actor=by or "its end",
                target=_target(glass),
                request=request,
                details={"opened_at": glass.opened_at.isoformat()},
            )
            count += 1
    return count


def _target(glass: BrokenGlass) -> Target:
    return Target("emergency access", str(glass.pk), glass.user.get_username())
