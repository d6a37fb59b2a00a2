"""Mail to every admin about emergency access: beside the notice on every page, and never in its way.

The access is open before the first mail is tried. What fails is tried again for some minutes and
stands on the page of emergency access.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from smtplib import SMTPException, SMTPServerDisconnected

from django.conf import settings
from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from appliance.accounts.lockout import active_admins
from appliance.accounts.models import BrokenGlass, User
from appliance.common.mail import automatic_mail

logger = logging.getLogger(__name__)

MOST_TRIES = 5
BETWEEN_TRIES = timedelta(minutes=1)
Mail = BrokenGlass.Mail


def tell_admins() -> int:
    """Send what waits, and again what failed a while ago; return how many it was tried for."""
    if not settings.EMAIL_HOST:
        return 0
    untold = BrokenGlass.objects.filter(
        mail__in=(Mail.WAITING, Mail.FAILED), mail_tries__lt=MOST_TRIES
    )
    count = 0
    for glass in untold.select_related("user"):
        if timezone.now() < glass.opened_at + glass.mail_tries * BETWEEN_TRIES:
            continue
        # Whoever counts the try sends: two workers tell nobody twice.
        mine = untold.filter(pk=glass.pk, mail_tries=glass.mail_tries)
        if mine.update(mail_tries=F("mail_tries") + 1):
            _tell(glass)
            count += 1
    return count


def _tell(glass: BrokenGlass) -> None:
    told: list[str] = []
    failed: list[str] = []
    admins = list(active_admins().order_by("username"))
    try:
        with get_connection() as relay:
            for admin in admins:
                if admin.email:
                    _send(glass, admin, relay, told, failed)
    except (OSError, SMTPException) as exc:
        failed.append(f"the relay {settings.EMAIL_HOST} fails: {_reason(exc)}")
    if without := [admin.get_username() for admin in admins if not admin.email]:
        failed.append(f"without a mail address: {', '.join(without)}")
    said = [f"to {', '.join(told)}"] if told else []
    BrokenGlass.objects.filter(pk=glass.pk).update(
        mail=Mail.SENT if told else Mail.FAILED, mail_detail="; ".join(said + failed)[:1000]
    )
    logger.info("glass=%s told=%d failed=%d", glass.pk, len(told), len(failed))


def _send(
    glass: BrokenGlass, admin: User, relay: BaseEmailBackend, told: list[str], failed: list[str]
) -> None:
    """Send one mail to one admin: an address that is refused keeps nobody else from theirs."""
    mail = automatic_mail(subject(glass), text(glass), admin.email, relay=relay)
    try:
        mail.send()
    except SMTPServerDisconnected:
        raise
    except (SMTPException, ValueError) as exc:  # Django finds a wrong address by itself
        failed.append(f"{admin.get_username()}: {_reason(exc)}")
    else:
        told.append(admin.get_username())


def subject(glass: BrokenGlass) -> str:
    return f"Plumbline: {glass.user.get_username()} opened emergency access"


def text(glass: BrokenGlass) -> str:
    return (
        f"{glass.user.get_username()} reads everything by emergency access, from "
        f"{glass.opened_at:%Y-%m-%d %H:%M} to {glass.ends_at:%Y-%m-%d %H:%M} UTC.\n\n"
        f"The reason given:\n\n  {' '.join(glass.reason.split())}\n\n"
        "All that is opened meanwhile is recorded. Any admin can end it: "
        f"{settings.ADDRESS or 'Administration, Emergency access'}"
        f"{reverse('glass') if settings.ADDRESS else ''}\n"
    )


def _reason(exc: Exception) -> str:
    """Return what went wrong on one line; the password is in no such text."""
    return " ".join(str(exc).split())[:200] or type(exc).__name__
