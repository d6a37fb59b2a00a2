"""A person's own webhook: set, with a secret that is shown once, and removed."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from appliance.accounts.models import User
from appliance.audit.actions import Action
from appliance.audit.recording import Target, record
from appliance.sources.models import WebhookTarget
from appliance.sources.saved.outgoing import NotPosted, check_url, new_secret
from indexer.errors import FetchRefused
from indexer.sealing import seal_text, unseal_text


def set_target(owner: User, url: str) -> str:
    """Post this person's alerts there from now on; return the new secret. Raises NotPosted."""
    checked = check_url(url)
    secret = new_secret()
    sealed = seal_text(secret, key=settings.SECRET_KEY)
    with transaction.atomic():
        WebhookTarget.objects.update_or_create(
            owner=owner, defaults={"url": checked, "sealed_secret": sealed}
        )
        _record("set", checked)
    return secret


def remove_target(owner: User) -> bool:
    with transaction.atomic():
        target = WebhookTarget.objects.select_for_update().filter(owner=owner).first()
        if target is None:
            return False
        target.delete()
        _record("removed", target.url)
    return True


def tell_of_answers(owner: User, *, ended: bool, changed: bool) -> bool:
    """Post from now on when an answer of this person ended, or changed; what was before is no news.
    Return whether there is a webhook."""
    now = timezone.now()
    with transaction.atomic():
        target = WebhookTarget.objects.select_for_update().filter(owner=owner).first()
        if target is None:
            return False
        target.answers_since = (target.answers_since or now) if ended else None
        target.changes_since = (target.changes_since or now) if changed else None
        target.save(update_fields=["answers_since", "changes_since"])
        wanted = [name for name, is_on in (("ended", ended), ("changed", changed)) if is_on]
        _record(f"answers: {', '.join(wanted) or 'none'}", target.url)
    return True


def secret_of(target: WebhookTarget) -> str:
    """Raises NotPosted when it cannot be read any more."""
    try:
        return unseal_text(target.sealed_secret, key=settings.SECRET_KEY)
    except FetchRefused as exc:
        raise NotPosted(str(exc), is_final=True) from exc


def _record(what: str, url: str) -> None:
    record(Action.ALERT_CHANGED, target=Target("webhook", name=url), details={"webhook": what})
