"""Who here an account of a host is: by the rule that the admin chose, never by a guess.

An account opens for a person here only what it opens there. So the danger is a person here who
passes for somebody else: what a rule compares on this side must be given by an admin or by a
directory that vouches for it, and whatever fits twice fits nobody.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from appliance.accounts.models import Directory, Identity, User
from appliance.sources.models import CodeHost
from indexer.hosting.members.values import HostedMember

Match = CodeHost.Match
NOT_TOLD = {
    Match.USER_NAME: "The host tells no user name of this account.",
    Match.EMAIL: "The host tells no e-mail address of this account to the token.",
    Match.EXTERNAL_ID: "The host tells no id of the identity provider for this account.",
}
NOBODY = {
    Match.USER_NAME: "Nobody here has this user name.",
    Match.EMAIL: "Nobody here has this e-mail address, verified.",
    Match.EXTERNAL_ID: "The directory knows nobody with this id.",
}


@dataclass(frozen=True, slots=True)
class Matched:
    """An account of a host, and who that is here; nobody, and why."""

    member: HostedMember
    user: User | None
    why: str = ""
    is_new: bool = False  # recognised by the rule now, not known from before


def match(host: CodeHost, members: Iterable[HostedMember]) -> list[Matched]:
    """Recognise accounts; writes nothing."""
    members = list(members)
    known = {one.account_id: one.user for one in host.people.select_related("user")}
    taken = {user.pk for user in known.values()}
    people = PEOPLE[Match(host.match)](host)
    rule = Match(host.match)
    keys = Counter(_key(rule, member) for member in members if member.id not in known)

    def one(member: HostedMember) -> Matched:
        if member.id in known:
            return Matched(member, known[member.id])
        key = _key(rule, member)
        if not key:
            return Matched(member, None, NOT_TOLD[rule])
        found = people.get(key, ())
        if not found:
            return Matched(member, None, NOBODY[rule])
        if len(found) > 1:
            return Matched(member, None, "This fits more than one person here.")
        if keys[key] > 1:
            return Matched(member, None, "This fits more than one account of the host.")
        if found[0].pk in taken:
            name = found[0].get_username()
            return Matched(
                member, None, f"Another account of the host is {name} already. Say which one it is."
            )
        return Matched(member, found[0], is_new=True)

    return [one(member) for member in members]


def _key(rule: Match, member: HostedMember) -> str:
    told = {
        Match.USER_NAME: member.user_name.casefold(),
        Match.EMAIL: member.email.casefold(),
        Match.EXTERNAL_ID: member.external_id,
    }
    return told[rule].strip()


def _by_user_name(host: CodeHost) -> Mapping[str, list[User]]:
    return _indexed((user.username.casefold(), user) for user in User.objects.all())


def _by_email(host: CodeHost) -> Mapping[str, list[User]]:
    """Return people by addresses that somebody vouches for.

    A provider of OpenID Connect that does not say `email_verified` lets people write what they like.
    """
    doubtful = {
        identity.user_id
        for identity in Identity.objects.filter(directory__kind=Directory.Kind.OIDC)
        if str(identity.attributes.get("email_verified")).lower() != "true"
    }
    people = User.objects.exclude(email="").exclude(pk__in=doubtful)
    return _indexed((user.email.casefold(), user) for user in people)


def _by_external_id(host: CodeHost) -> Mapping[str, list[User]]:
    if host.directory is None:
        return {}
    known = host.directory.identities.filter(removed_at=None).select_related("user")
    return _indexed(
        (name, identity.user)
        for identity in known
        for name in {identity.subject, identity.external_id} - {""}
    )


def _indexed(pairs: Iterable[tuple[str, User]]) -> Mapping[str, list[User]]:
    found: dict[str, list[User]] = defaultdict(list)
    for key, user in pairs:
        if user not in found[key]:
            found[key].append(user)
    return found


PEOPLE: Mapping[Match, Callable[[CodeHost], Mapping[str, list[User]]]] = {
    Match.USER_NAME: _by_user_name,
    Match.EMAIL: _by_email,
    Match.EXTERNAL_ID: _by_external_id,
}
