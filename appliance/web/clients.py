"""The page of the programs that go with the appliance, and their files.

The files hold nothing of anybody, and installers have no session: they are open to all who reach
the appliance.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from appliance.accounts.requests import SignedInRequest

KINDS = {
    ".whl": "Command line, as a Python package",
    ".pyz": "Command line, as one file",
    ".vsix": "Extension for VS Code",
}


@dataclass(frozen=True, slots=True)
class ClientFile:
    """A program that can be downloaded."""

    name: str
    kind: str
    size_bytes: int
    sha256: str
    url: str
    command: str  # that installs it


@require_safe
def client_list(request: SignedInRequest) -> HttpResponse:
    """Show how programs and editors reach the appliance, and what there is to download."""
    context = {
        "files": [_shown(path, request) for path in _files()],
        "appliance": request.build_absolute_uri("/").rstrip("/"),
        "has_cli": any(path.suffix in {".whl", ".pyz"} for path in _files()),
    }
    return render(request, "web/clients.html", context)


@login_not_required
@require_safe
def client_file(request: HttpRequest, name: str) -> HttpResponse:
    path = next((path for path in _files() if path.name == name), None)
    if path is None:
        raise Http404
    response = HttpResponse(path.read_bytes(), content_type="application/octet-stream")
    response["Content-Disposition"] = f'attachment; filename="{path.name}"'
    return response


def _files() -> list[Path]:
    """Return what was built; nothing else that may stand in the folder."""
    folder = settings.PLUMBLINE_HOME / "clients"
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.suffix in KINDS and path.is_file())


def _shown(path: Path, request: HttpRequest) -> ClientFile:
    url = request.build_absolute_uri(reverse("client_file", args=[path.name]))
    content = path.read_bytes()
    return ClientFile(
        path.name,
        KINDS[path.suffix],
        len(content),
        hashlib.sha256(content).hexdigest(),
        url,
        _command(path.suffix, url, path.name),
    )


def _command(suffix: str, url: str, name: str) -> str:
    match suffix:
        case ".whl":
            return f"uv tool install {url}"
        case ".pyz":
            return f"curl -O {url} && python3 {name} --help"
    return f"curl -O {url} && code --install-extension {name}"
