"""Identity providers of their own makers, started for a test: npm's packages, from the lock."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.certificates import self_signed
from tests.identity.packages import HERE, packages_folder


@contextmanager
def node(script: str, *arguments: str) -> Iterator[str]:
    """Run one of the scripts beside this module, and yield the address that it prints."""
    folder = packages_folder()
    if not (folder / "installed-lock.json").exists():
        if os.environ.get("CI") == "true":
            pytest.fail("the packages of the identity providers are not installed")
        pytest.skip("the packages of the identity providers are not installed: make test does it")
    copy = folder / script
    if not copy.exists() or copy.read_bytes() != (HERE / script).read_bytes():
        shutil.copyfile(HERE / script, copy)  # node looks for packages beside the script
    process = subprocess.Popen(
        ["node", str(copy), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        address = process.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:"), f"{script} did not start"
        yield address
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


class SamlIdP:
    """The SAML provider, asked over HTTP."""

    def __init__(self, address: str) -> None:
        self.address = address

    def metadata(self) -> str:
        return self._ask("GET", "/metadata")

    def is_person(self, name_id: str, **attributes: Any) -> None:
        self._ask("PUT", "/person", {"name_id": name_id, "attributes": attributes})

    def knows(self, service_metadata: str) -> None:
        self._ask("PUT", "/service", service_metadata)

    def respond(self, **given: Any) -> str:
        """Return a signed response in base64, wrong in whatever way is given."""
        return self._ask("POST", "/respond", given)

    def _ask(self, method: str, path: str, content: Any = None) -> str:
        body = content if isinstance(content, str | None) else json.dumps(content)
        response = httpx.request(method, f"{self.address}{path}", content=body)
        assert response.status_code == 200, response.text
        return response.text


@contextmanager
def saml_idp(folder: Path) -> Iterator[SamlIdP]:
    for name in ("key", "other"):
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / f"{name}.pem").write_bytes(pem)
        if name == "key":
            (folder / "cert.pem").write_bytes(_certificate(key))
    with node("saml_idp.mjs", str(folder)) as address:
        yield SamlIdP(address)


@contextmanager
def oidc_idp(redirect: str, logout: str = "") -> Iterator[str]:
    with node("oidc_idp.mjs", redirect, *([logout] if logout else [])) as address:
        yield address


def is_person(address: str, sub: str, *, left: bool = False, **claims: Any) -> None:
    """Say who signs in at the OpenID provider from now on, or that they left the company."""
    told = {"sub": sub, "claims": claims, "left": left}
    httpx.put(f"{address}/person", json=told).raise_for_status()


def _certificate(key: rsa.RSAPrivateKey) -> bytes:
    now = datetime.now(UTC)
    begins, ends = now - timedelta(days=1), now + timedelta(days=365)
    return self_signed(key, "Identity provider of the tests", begins, ends)
