"""Hand a credential to git without argv, URL, environment or a file with a name.

git asks a credential helper, and the helper reads an inherited descriptor of memory that has no
name (memfd). An askpass program would need an executable file on a disk that may be mounted
noexec, and would answer for any host that asks; the helper is bound to this one address. What is
in the environment is the number of the descriptor. Nothing is left behind by a killed worker.

An ssh key has to be a file, because ssh closes inherited descriptors: it lies, mode 0600, in the
private folder of the fetch and goes with it, at the latest when the next fetch begins.
"""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
from base64 import b64encode
from pathlib import Path
from urllib.parse import quote, urlsplit

from indexer.fetching.environment import Setting
from indexer.fetching.values import Credential


def open_credential(credential: Credential) -> int:
    """Return a descriptor, readable any number of times, of git's credential lines."""
    content = f"username={credential.username}\npassword={credential.secret}\n".encode()
    if sys.platform == "linux":
        descriptor = os.memfd_create("credential", os.MFD_CLOEXEC)
    else:
        with tempfile.TemporaryFile() as nameless:
            descriptor = os.dup(nameless.fileno())
    os.write(descriptor, content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def helper_settings(url: str, descriptor: int) -> list[Setting]:
    """Return the settings that make git use the descriptor for this address alone."""
    parts = urlsplit(url)
    helper = f'!f() {{ test "$1" = get && cat /dev/fd/{descriptor}; }}; f'
    return [(f"credential.{parts.scheme}://{parts.netloc}.helper", helper)]


def ssh_command(
    *, host: str, address: str | None, known_hosts: str, key_file: str | None, connect_s: float
) -> str:
    """Return the ssh command line: no user configuration, no agent, no prompts, one fixed host."""
    options = {
        "BatchMode": "yes",
        "CheckHostIP": "no",  # the address is pinned and may change between fetches
        "ClearAllForwardings": "yes",
        "ConnectTimeout": str(max(1, round(connect_s))),
        "ForwardAgent": "no",
        "HostKeyAlias": host,
        "IdentitiesOnly": "yes",
        "IdentityAgent": "none",
        "PermitLocalCommand": "no",
        "PreferredAuthentications": "publickey",
        "ProxyCommand": "none",
        "ServerAliveCountMax": "4",
        "ServerAliveInterval": "15",
        "StrictHostKeyChecking": "accept-new",
        "UserKnownHostsFile": known_hosts.replace("%", "%%"),
    }
    if address:
        options["HostName"] = address
    words = ["ssh", "-F", "/dev/null"]
    for name, value in options.items():
        words += ["-o", f'{name}="{value}"' if " " in value else f"{name}={value}"]
    # Without a key the only identity is one that does not exist, or ssh would try those in ~/.ssh.
    words += ["-i", (key_file or "/dev/null").replace("%", "%%")]
    return shlex.join(words)


def write_key(home: Path, private_key: str) -> str:
    path = home / "key"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(private_key.rstrip() + "\n")
    return str(path)


def scrub(text: str, credential: Credential | None) -> str:
    """Remove the secret from a text in which the server may have sent it back."""
    if credential is None or not credential.secret:
        return text
    pair = f"{credential.username}:{credential.secret}".encode()
    forms = (credential.secret, quote(credential.secret, safe=""), b64encode(pair).decode())
    for form in forms:
        text = text.replace(form, "*****")
    return text
