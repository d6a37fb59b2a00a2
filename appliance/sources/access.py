"""Who may read which source, path and document. Nothing else decides; everything asks here."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import Group
from django.db.models import Q, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404

from appliance.accounts.glass import glass_of
from appliance.accounts.models import ApiToken, User
from appliance.accounts.roles import administered_sources
from appliance.sources import moments
from appliance.sources.models import Grant, in_force
from indexer.models import Blob, Document, Ref, Source
from indexer.scope import PathRule, Scope


@dataclass(frozen=True, slots=True)
class OpenedDocument:
    """A document at a commit, as its reader sees it."""

    source: Source
    commit: str
    path: str
    text: str
    language: str
    line_count: int
    format: str  # of what the text was extracted from; empty: the file itself
    places: tuple[tuple[int, str, str], ...]  # first line, kind, label
    is_live: bool
    live_commit: str  # of the source's default ref
    blob_id: int
    ref: Ref | None  # in which it is live at this commit


def scope_of(user: User) -> Scope:
    """Return what this person may read at this moment: what they are granted; for an admin with
    emergency access, everything that is shown. A page that only shows works it out once."""
    return moments.once(user.pk, lambda: _scope_of(user))


def _scope_of(user: User) -> Scope:
    return granted_scope_of(user) if glass_of(user) is None else operator_scope()


def scope_of_token(token: ApiToken) -> Scope:
    """Return what a program may read: never more than its person is granted, without emergency
    access, and of a restricted token its sources only."""
    scope = granted_scope_of(token.user)
    if token.is_restricted:
        return scope.narrowed_to(token.sources.values_list("pk", flat=True))
    return scope


def granted_scope_of(user: User) -> Scope:
    """Return what somebody's own rules and those of all their groups open together.

    Nothing for who is not active, and of no source that is hidden because its origin took it back.
    Admins manage every source but read what they are granted.
    """
    return _scope_from(grants_of(user).filter(source__hidden_at=None))


def _scope_from(grants: QuerySet[Grant]) -> Scope:
    rules = grants.order_by().values_list("source_id", "path_pattern", "allow")
    return Scope.from_rules(PathRule(*rule) for rule in rules)


def grants_of(user: User) -> QuerySet[Grant]:
    """Return the rules that count for a person now: their own and their groups'."""
    if not user.is_active:
        return Grant.objects.none()
    groups = Group.objects.filter(user=user).values("pk")
    return Grant.objects.filter(in_force(), Q(user=user) | Q(group__in=groups))


def operator_scope() -> Scope:
    """Return all that is shown: for the command line, whose user can read the database anyway."""
    shown = Source.objects.filter(hidden_at=None)
    return Scope(frozenset(shown.values_list("pk", flat=True)))


def sources_in(scope: Scope) -> QuerySet[Source]:
    """Return the sources of which a scope reads something, by name."""
    return Source.objects.filter(pk__in=scope.source_ids).order_by("name")


def names_in(scope: Scope) -> list[str]:
    """Return their names."""
    return list(sources_in(scope).values_list("name", flat=True))


def readable_sources(user: User) -> QuerySet[Source]:
    """Return the sources of which this person may read something."""
    return sources_in(scope_of(user))


def known_sources(user: User) -> QuerySet[Source]:
    """Return the readable sources and the hidden ones: for names and states, never for content."""
    return sources_in(_scope_from(grants_of(user)))


def get_source_for_user(user: User, name: str) -> Source:
    """Return the source, or answer 404 as if it did not exist."""
    return _named(readable_sources(user), name)


def get_source(scope: Scope, name: str) -> Source:
    """Return a source of which this scope reads something, or answer 404."""
    return _named(sources_in(scope), name)


def get_known_source_for_user(user: User, name: str) -> Source:
    """Return the source, hidden or not, or answer 404: of a hidden one, tell only that it is."""
    return _named(named_sources(user), name)


def named_sources(user: User) -> QuerySet[Source]:
    """Return the sources whose names and states are somebody's business: to read or to manage."""
    return administered_sources(user) | known_sources(user)


def get_administered_source(user: object, name: str) -> Source:
    """Return a source that this person manages, or answer 404 as if it did not exist."""
    if not isinstance(user, User):
        raise Http404
    return _named(administered_sources(user), name)


def _named(sources: QuerySet[Source], name: str) -> Source:
    if "\0" in name:  # PostgreSQL refuses to look for it
        raise Http404
    return get_object_or_404(sources, name=name)


def get_document_for_user(user: User, source_name: str, commit: str, path: str) -> OpenedDocument:
    """Return a document at a commit (or at the live commit of a ref), or answer 404.

    A commit that is no longer live opens as long as evidence of it is kept, which is as long as
    a message cites it.
    """
    return get_document(scope_of(user), source_name, commit, path)


def get_document(scope: Scope, source_name: str, commit: str, path: str) -> OpenedDocument:
    """Do so for whoever has this scope."""
    source = get_source(scope, source_name)
    if "\0" in commit + path or not scope.allows(source.pk, path):
        raise Http404
    ref = _live_ref(source, commit)
    blob = _live_blob(ref, path) if ref else _kept_blob(source, commit, path)
    if blob is None:
        raise Http404
    default = source.refs.filter(is_default=True).first()
    return OpenedDocument(
        source=source,
        commit=ref.commit if ref else commit,
        path=path,
        text=blob.text,
        language=blob.language,
        line_count=blob.line_count,
        format=blob.format,
        places=tuple((line, kind, label) for line, kind, label in blob.places),
        is_live=ref is not None,
        live_commit=default.commit if default else "",
        blob_id=blob.pk,
        ref=ref,
    )


def _live_ref(source: Source, commit: str) -> Ref | None:
    refs = source.refs.order_by("-is_default", "pk")
    return refs.filter(name=commit).first() or refs.filter(commit=commit).first()


def find_live_blob(
    scope: Scope, source_name: str, path: str, *, ref_name: str = ""
) -> tuple[Ref, Blob] | None:
    """Return what stands at a path of a ref (none named: the source's default), with the ref; None
    for what is not there, and just so for what may not be read."""
    if "\0" in source_name + path + ref_name:
        return None
    # Compared with the scope below: ten thousand sources in the statement take it a second.
    refs = Ref.objects.filter(source__name=source_name)
    refs = refs.filter(name=ref_name) if ref_name else refs.filter(is_default=True)
    ref = refs.select_related("source").first()
    if ref is None or ref.source_id not in scope.source_ids:
        return None
    blob = _live_blob(ref, path) if scope.allows(ref.source_id, path) else None
    return (ref, blob) if blob else None


def _live_blob(ref: Ref, path: str) -> Blob | None:
    document = (
        Document.objects.filter(source_id=ref.source_id, path=path, refs__contains=[ref.pk])
        .select_related("blob")
        .first()
    )
    return document.blob if document else None


def _kept_blob(source: Source, commit: str, path: str) -> Blob | None:
    return Blob.objects.filter(
        evidence__source=source, evidence__commit=commit, evidence__path=path
    ).first()
