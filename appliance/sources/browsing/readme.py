"""Markdown as HTML: the README below the list of its folder, and any such file when it is asked for."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from django.http import Http404
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from appliance.accounts.models import User
from appliance.common.markdown import render_document
from appliance.sources.access import OpenedDocument, get_document_for_user
from appliance.sources.browsing.opening import OpenedFolder

NAMES = re.compile(r"readme(\.(md|markdown|mdown|rst|adoc|txt|org))?", re.IGNORECASE)
MARKDOWN = re.compile(r".*\.(md|markdown|mdown)", re.IGNORECASE | re.DOTALL)
MOST_CHARACTERS = 200_000


@dataclass(frozen=True, slots=True)
class Readme:
    document: OpenedDocument
    html: SafeString  # empty: it is shown as plain text


def readme_of(user: User, folder: OpenedFolder) -> Readme | None:
    """Return the README of a folder, Markdown before other kinds; None without one to show."""
    names = [one.name for one in folder.entries if not one.is_folder and NAMES.fullmatch(one.name)]
    if not names:
        return None
    name = min(names, key=lambda one: (not MARKDOWN.fullmatch(one), one))
    try:
        document = get_document_for_user(
            user, folder.source.name, folder.ref.commit, folder.path + name
        )
    except Http404:  # it went with a sync a moment ago
        return None
    if len(document.text) > MOST_CHARACTERS:
        return None
    return Readme(document, rendered(document) if is_rendered(document) else mark_safe(""))


def is_rendered(document: OpenedDocument) -> bool:
    """Return whether a document can be shown as HTML."""
    return bool(MARKDOWN.fullmatch(document.path)) and len(document.text) <= MOST_CHARACTERS


def rendered(document: OpenedDocument) -> SafeString:
    """Return a Markdown document as HTML; its links lead to files of the same commit alone."""
    root = reverse("folder", args=[document.source.name, document.commit])
    folder = posixpath.dirname(document.path)

    def inside(target: str) -> str:
        """Return where a link of the document leads here, an empty text for one to elsewhere."""
        parts = urlsplit(target)
        if parts.scheme or parts.netloc or not parts.path:
            return ""
        path = unquote(parts.path)
        start = "" if path.startswith("/") else folder
        whole = posixpath.normpath(posixpath.join("/", start, path.lstrip("/"))).strip("/")
        slash = "/" if path.endswith("/") and whole else ""
        return f"{root}{quote(whole)}{slash}"

    return render_document(document.text, inside)
