"""Which licence a repository is under, told from its licence files: only permissive ones are used."""

from __future__ import annotations

import re

# Phrases that only the licence itself has.
PHRASES = (
    ("Apache-2.0", r"Apache License\s+Version 2\.0"),
    ("MIT", r"Permission is hereby granted, free of charge, to any person obtaining a copy"),
    ("BSD-3-Clause", r"Redistribution and use in source and binary forms.*Neither the names? of"),
    ("BSD-2-Clause", r"Redistribution and use in source and binary forms"),
    ("ISC", r"Permission to use, copy, modify, and/?(?:or)? distribute this software"),
    ("Unlicense", r"This is free and unencumbered software"),
)
COPYLEFT = re.compile(r"GPL|MPL|EPL|CDDL", re.IGNORECASE)
PERMISSIVE = re.compile(r"\b(?:Apache|MIT|BSD|ISC|PSF|Unlicense|HPND)\b", re.IGNORECASE)
NAME = re.compile(r"^(?:licen[cs]e|copying)", re.IGNORECASE)


def licence_of(texts: list[str]) -> str | None:
    """Return the permissive licence that one of these files holds, or None."""
    for text in texts:
        flowing = " ".join(text.split())
        for name, phrase in PHRASES:
            if re.search(phrase, flowing, re.IGNORECASE):
                return name
    return None


def is_permissive(said: str) -> bool:
    """Say whether what a package declares is a permissive licence and nothing else."""
    return PERMISSIVE.search(said) is not None and COPYLEFT.search(said) is None
