"""The only environment and settings under which this product runs git.

Settings travel in the environment (GIT_CONFIG_COUNT) and so outrank any configuration file. No
system or user configuration is read, and nothing of our own environment but PATH is passed on.
GIT_ALLOW_PROTOCOL outranks all protocol.* settings; GIT_PROTOCOL_FROM_USER=0 stands behind it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

Setting = tuple[str, str]

# History is immutable, and old tools wrote sloppy history: without these, well-known public
# repositories do not pass. None of them matters here: identities are only shown, submodules and
# attributes are never acted on because nothing is ever checked out.
TOLERATED_FAULTS = (
    "badDate",
    "badDateOverflow",
    "badEmail",
    "badName",
    "badTimezone",
    "gitattributesBlob",
    "gitattributesLarge",
    "gitattributesLineLength",
    "gitattributesMissing",
    "gitmodulesBlob",
    "gitmodulesLarge",
    "gitmodulesMissing",
    "gitmodulesName",
    "gitmodulesPath",
    "gitmodulesUpdate",
    "gitmodulesUrl",
    "missingEmail",
    "missingNameBeforeEmail",
    "missingSpaceBeforeDate",
    "missingSpaceBeforeEmail",
    "zeroPaddedDate",
    "zeroPaddedFilemode",
)

SAFE_SETTINGS: tuple[Setting, ...] = (
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("core.attributesFile", "/dev/null"),
    ("core.askPass", "/bin/false"),
    ("core.packedGitWindowSize", "64m"),  # the defaults would map whole packs into memory
    ("core.packedGitLimit", "512m"),
    ("core.bigFileThreshold", "64m"),
    ("credential.helper", ""),
    ("fetch.recurseSubmodules", "false"),
    ("fetch.unpackLimit", "1"),  # always a pack: a cancelled fetch then leaves one file to remove
    ("fetch.writeCommitGraph", "false"),
    ("gc.auto", "0"),
    ("http.followRedirects", "false"),
    ("http.lowSpeedLimit", "1"),
    ("maintenance.auto", "false"),
    ("pack.threads", "2"),
    ("protocol.ext.allow", "never"),
    ("safe.bareRepository", "explicit"),
    ("submodule.recurse", "false"),
    ("transfer.bundleURI", "false"),
    ("transfer.credentialsInUrl", "die"),
    ("transfer.fsckObjects", "true"),
    *((f"fetch.fsck.{fault}", "ignore") for fault in TOLERATED_FAULTS),
)


def git_environment(
    *,
    home: str = "/nonexistent",
    protocols: str = "none",
    settings: Sequence[Setting] = (),
    global_config: str = "/dev/null",
) -> dict[str, str]:
    """Return the whole environment for one git process; by default it may reach nothing."""
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": home,
        "XDG_CONFIG_HOME": home,
        "LC_ALL": "C",
        "LANGUAGE": "C",
        "GIT_ALLOW_PROTOCOL": protocols,
        "GIT_ASKPASS": "/bin/false",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": global_config,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_PROTOCOL_FROM_USER": "0",
        "GIT_TERMINAL_PROMPT": "0",
    }
    every = [*SAFE_SETTINGS, *settings]
    environment["GIT_CONFIG_COUNT"] = str(len(every))
    for number, (key, value) in enumerate(every):
        environment[f"GIT_CONFIG_KEY_{number}"] = key
        environment[f"GIT_CONFIG_VALUE_{number}"] = value
    return environment


def write_global_config(home: Path, git_dir: str) -> str:
    """Let git serve one directory that another user may own, and return the file that says so.

    For a local source git starts upload-pack, from whose environment it removes our settings but
    not GIT_CONFIG_GLOBAL. That file is also the only kind of configuration from which
    safe.directory is taken.
    """
    quoted = git_dir.replace("\\", "\\\\").replace('"', '\\"')
    path = home / "gitconfig"
    path.write_text(
        f'[safe]\n\tdirectory = "{quoted}"\n[core]\n\thooksPath = /dev/null\n\tfsmonitor = false\n'
        "[uploadpack]\n\tallowFilter = false\n",
        encoding="utf-8",
    )
    return str(path)
