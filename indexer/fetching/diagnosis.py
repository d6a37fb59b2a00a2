"""What git's error stream means: each failure gets a code and a plain sentence.

git has no machine-readable errors, so this matches its English texts (LC_ALL=C). Lines that the
server wrote begin with "remote:" and are never matched, only quoted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from indexer.errors import FetchError, FetchFailed, FetchRefused

LONGEST_QUOTE = 300

# First match wins. "refused" means that trying again will not help.
MEANINGS: tuple[tuple[str, type[FetchError], str, str], ...] = (
    (
        r"transport '[^']*' not allowed",
        FetchRefused,
        "protocol_not_allowed",
        "git may not use this kind of address.",
    ),
    (
        r"uses plaintext credentials",
        FetchRefused,
        "credentials_in_url",
        "The address holds a password. Enter it as the credential of this source instead.",
    ),
    (
        r"returned error: 30[0-9]|unable to update url base from redirection|HTTP 30[0-9] curl",
        FetchRefused,
        "redirect_refused",
        "The server sends on to another address, which is not followed. Connect that address.",
    ),
    (
        r"fsck error|fsck-objects|fsck --strict|object of unexpected type",
        FetchRefused,
        "fsck_failed",
        "The repository holds damaged or malicious objects. Nothing of it was kept. "
        "Run git fsck on the server.",
    ),
    (
        r"could not read Username|could not read Password|terminal prompts disabled",
        FetchRefused,
        "credentials_required",
        "The server asks for a user name and a password or token. Enter them for this source.",
    ),
    (
        r"Authentication failed|returned error: 40[13]|Permission denied \(",
        FetchRefused,
        "credentials_wrong",
        "The server does not accept this credential. Check the user name, the token's expiry and "
        "its right to read the repository.",
    ),
    (
        r"Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED",
        FetchRefused,
        "host_key_changed",
        "The server's ssh key is not the one seen before. If the server was replaced, disconnect "
        "the source and connect it again.",
    ),
    (
        r"SSL certificate problem|certificate verif|self.signed certificate",
        FetchRefused,
        "certificate_refused",
        "The server's certificate is not trusted. Add the company's certificate authority.",
    ),
    (
        r"does not appear to be a git repository|repository .* not found"
        r"|^ERROR: Repository not found|returned error: 4(04|10)",
        FetchRefused,
        "repository_not_found",
        "There is no git repository at this address, or the credential may not see it.",
    ),
    (
        # A page that says "under maintenance" looks like this: no word of the repository itself.
        r"dubious ownership|not a git repository|not valid: is this a git repository",
        FetchRefused,
        "not_a_repository",
        "What answers at this address is no git repository.",
    ),
    (
        r"mismatched algorithms",
        FetchRefused,
        "object_format",
        "The repository changed its object format. Disconnect the source and connect it again.",
    ),
    (
        r"No space left|Disk quota exceeded",
        FetchFailed,
        "storage_full",
        "The disk of this machine is full. Free some space, then sync again.",
    ),
    (
        r"File too large",
        FetchRefused,
        "disk_limit",
        "The repository needs more disk than one source may use.",
    ),
    (
        r"[Oo]ut of memory|cannot allocate|mmap failed|malloc failed",
        FetchRefused,
        "memory_limit",
        "Fetching the repository needs more memory than one fetch may use.",
    ),
    (
        r"returned error: 5[0-9][0-9]",
        FetchFailed,
        "server_error",
        "The server has a fault of its own.",
    ),
    (
        r"died of signal 24",
        FetchFailed,
        "time_limit",
        "The fetch used up its computing time.",
    ),
    (
        r"Could not resolve host|[Nn]ame or service not known",
        FetchFailed,
        "host_not_found",
        "The name of the host could not be resolved.",
    ),
    (
        r"Failed to connect|Connection refused|No route to host|Network is unreachable"
        r"|Connection timed out",
        FetchFailed,
        "host_unreachable",
        "The server does not answer.",
    ),
    (
        r"Operation too slow|timed out",
        FetchFailed,
        "time_limit",
        "The server stopped sending. The fetch was given up.",
    ),
    (
        r"pack is corrupted|SHA1 mismatch|inflate|bad object|pack has bad|unresolved delta",
        FetchFailed,
        "transfer_damaged",
        "What the server sent is damaged.",
    ),
    (
        r"early EOF|hung up|RPC failed|transfer closed|Empty reply|disconnect|unexpected"
        r"|invalid index-pack output|Connection reset|Recv failure|protocol error|bad line length",
        FetchFailed,
        "connection_broken",
        "The connection broke off before everything had arrived.",
    ),
)


def diagnose(lines: Iterable[str], status: str) -> FetchError:
    """Return the error that a failed git command stands for."""
    lines = list(lines)
    own = [line for line in lines if not line.startswith("remote:")]
    text = "\n".join(own)
    for pattern, leaf, code, sentence in MEANINGS:
        if re.search(pattern, text, re.MULTILINE):
            return leaf(code, sentence + _quote(lines))
    return FetchFailed("git_failed", f"git ended with status {status}." + _quote(lines))


def _quote(lines: list[str]) -> str:
    """Quote the last words of git and the server, harmless to show and to log."""
    said = [line for line in lines if line.startswith(("fatal:", "error:", "remote:", "ssh:"))]
    text = " / ".join(said[-3:]).strip()
    printable = "".join(character if character.isprintable() else " " for character in text)
    return f" git says: {printable[:LONGEST_QUOTE]}" if printable else ""
