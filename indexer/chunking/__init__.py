"""From text to chunks and symbols: verbatim line ranges, one file per language.

Importing the package walks its modules once, so that every language registers itself; a new
language is a new file and nothing else.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from indexer.chunking.chunker import dissect
from indexer.chunking.registry import ChunkSpan, DefinitionSpan, Dissection, NameUse

__all__ = ["ChunkSpan", "DefinitionSpan", "Dissection", "NameUse", "dissect"]

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
