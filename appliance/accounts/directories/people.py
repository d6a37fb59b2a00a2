"""Who somebody is whom a directory lets in: a person it let in before, or a new one.

Nobody is ever linked to an existing person by a name or an e-mail address: whoever can choose
either at one directory would take over an account of another. Within one directory somebody whom
SCIM brought is recognised by the attribute that the admin chose.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from appliance.accounts.directories.claims import MATCH_FIELD, Told, storable
from appliance.accounts.leaving import enable
from appliance.accounts.mapping import Mapper
from appliance.accounts.memberships import set_memberships
from appliance.accounts.models import Directory, Identity, User
from appliance.accounts.people import Facts, kept_email, make_person, update_person
from appliance.accounts.targets import actor_of, of_person
from appliance.audit.actions import Action, Outcome
from appliance.audit.recording import record

MATCHED = {"external_id", "user_name"}  # the fields of Identity that an attribute may be matched to


@dataclass
class NotLetIn(Exception):
    """A directory vouches for somebody, and still they may not come in."""

    reason: str  # one word for the record
    says: str  # for the person
    action: Action = Action.SIGN_IN_FAILED
    details: dict[str, str] = field(default_factory=dict)


def let_in(directory: Directory, told: Told) -> User:
    """Return the person, made or updated, with the groups that the directory says.

    Raises NotLetIn, and has changed nothing then.
    """
    if not told.subject or len(told.subject) > 500 or storable(told.subject) != told.subject:
        raise NotLetIn("no_subject", "Your directory did not say who you are.")
    with transaction.atomic():
        Directory.objects.select_for_update().get(pk=directory.pk)  # two first sign-ins at once
        identity = known(directory, told) or _provisioned(directory, told)
        if identity is None:
            identity = _made(directory, told)
        if identity.lapsed_at is not None:
            enable(identity.user, by=actor_of(directory), why="They signed in there again.")
            identity.lapsed_at = None
        if not identity.user.is_active:
            raise NotLetIn("disabled", "Your account here is switched off. Ask your administrator.")
        _update(identity, told)
        if told.groups is not None:
            set_memberships(directory, identity.user, Mapper(directory).groups_for(told.groups))
    return identity.user


def known(directory: Directory, told: Told) -> Identity | None:
    """Return somebody whom this directory let in, or brought, before."""
    same = directory.identities.select_related("user")
    return same.filter(subject=told.subject).first()


def provisioned(directory: Directory, told: Told) -> Identity | None:
    """Return somebody whom SCIM brought and whom the chosen attribute names; whoever it is."""
    name = directory.settings.get(MATCH_FIELD)
    if name not in MATCHED or not told.match:
        return None
    found = directory.identities.select_related("user").filter(
        removed_at=None, **{name: told.match}
    )
    return found.first() if len(found) == 1 else None


def _provisioned(directory: Directory, told: Told) -> Identity | None:
    identity = provisioned(directory, told)
    if identity is None:
        return None
    if identity.subject:
        raise NotLetIn(
            "matched_another",
            "Your directory knows two people by what should tell them apart. Ask your "
            "administrator.",
            Action.LINK_REFUSED,
            {"account": identity.user.get_username()},
        )
    identity.subject = told.subject
    return identity


def _made(directory: Directory, told: Told) -> Identity:
    if not directory.creates_people:
        raise NotLetIn("unknown", "You have no account here yet. Ask your administrator.")
    wanted = told.user_name or told.email.partition("@")[0] or told.subject
    user = make_person(_facts(told, user_name=wanted), directory)
    for other, same in _namesakes(user, told):
        details = {"directory": directory.name, "same": same, "account": user.get_username()}
        record(
            Action.LINK_REFUSED,
            actor=actor_of(directory),
            target=of_person(other),
            outcome=Outcome.DENIED,
            details=details,
        )
    return Identity(directory=directory, user=user, subject=told.subject)


def _namesakes(user: User, told: Told) -> list[tuple[User, str]]:
    """Return people who have the name or the e-mail address, and which of the two it is."""
    wanted = Q()
    if told.user_name:
        wanted |= Q(username__iexact=told.user_name)
    if told.email:
        wanted |= Q(email__iexact=told.email)
    if not wanted:
        return []
    others = User.objects.filter(wanted).exclude(pk=user.pk).order_by("pk")[:5]
    name = told.user_name.casefold()
    return [(o, "name" if o.username.casefold() == name else "e-mail address") for o in others]


def _update(identity: Identity, told: Told) -> None:
    """Take over what is told; what is not told, and cannot be kept, stays as it is."""
    user = identity.user
    facts = _facts(told, user_name=user.get_username())
    known = Facts(user.get_username(), user.first_name, user.last_name, user.email)
    told_now = {name: value for name, value in asdict(facts).items() if value}
    update_person(user, replace(known, **told_now), by=actor_of(identity.directory))
    identity.seen_at = identity.signed_in_at = timezone.now()
    identity.attributes = dict(told.attributes or {})
    identity.save()


def _facts(told: Told, *, user_name: str) -> Facts:
    return Facts(user_name, told.first_name, told.last_name, kept_email(told.email))
