"""The checksums of a bundle, and the signature over them."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from appliance.local.bundle.running import BundleFailed
from appliance.local.bundle.verify import PUBLIC_KEY, SIGNATURE, SUMS, files_below, sha256_of


def write_sums(bundle: Path) -> Path:
    """Write the SHA-256 of every file, as sha256sum does and in the order of their names."""
    own = {SUMS, SIGNATURE}
    lines = [f"{sha256_of(bundle / name)}  {name}\n" for name in files_below(bundle) - own]
    path = bundle / SUMS
    path.write_text("".join(sorted(lines, key=lambda line: line[66:])), encoding="utf-8")
    return path


def sign(bundle: Path, key: Ed25519PrivateKey) -> None:
    """Sign the checksums; the public key lies beside them, for comparing and not for trusting."""
    (bundle / PUBLIC_KEY).write_bytes(public_pem(key))
    sums = write_sums(bundle)
    (bundle / SIGNATURE).write_bytes(key.sign(sums.read_bytes()))


def public_pem(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def read_or_make_key(path: Path) -> Ed25519PrivateKey:
    """Return the key of a file; where there is none, make one that only its owner may read."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        key = Ed25519PrivateKey.generate()
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(pem)
        path.with_suffix(".pub").write_bytes(public_pem(key))
        return key
    try:
        key_or_other = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as exc:
        raise BundleFailed(f"{path} is not a private key in PEM without a password: {exc}") from exc
    if not isinstance(key_or_other, Ed25519PrivateKey):
        raise BundleFailed(f"{path} is not an Ed25519 key: openssl genpkey -algorithm ed25519")
    return key_or_other
