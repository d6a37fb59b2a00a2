"""OpenAPI in YAML or JSON: one section for each operation and each schema."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from indexer.chunking.lines import Lines
from indexer.chunking.registry import Dissection, register
from indexer.chunking.sections import Heading, chunk_sections

METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})
SHELVES = ("components", "definitions", "parameters", "responses")
MAX_HEADINGS = 5000
MAX_NESTING = 100


@register("openapi")
def chunk_openapi(text: str) -> Dissection:
    """Raise ValueError when it cannot be parsed: it is then split by lines."""
    try:
        _refuse_deep_nesting(text)
        # Composed, not constructed: nodes with their lines, and an alias costs nothing.
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, RecursionError) as exc:
        raise ValueError(f"not readable as YAML ({type(exc).__name__})") from exc
    lines = Lines(text)
    headings = sorted(_headings(root), key=lambda heading: heading.line)[:MAX_HEADINGS]
    return Dissection(chunk_sections(lines, headings), [], [])


def _refuse_deep_nesting(text: str) -> None:
    """Composing recurses in C, where too much of it ends the process; events come one by one."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_NESTING:
            raise ValueError(f"more than {MAX_NESTING} nested collections")


def _headings(root: yaml.Node | None) -> Iterator[Heading]:
    for key, value, line in _entries(root):
        yield Heading(line, 1, key)
        if key == "paths":
            yield from _operations(value)
        elif key in SHELVES:
            yield from _shelf(key, value)


def _operations(paths: yaml.Node) -> Iterator[Heading]:
    for path, item, _ in _entries(paths):
        for method, _operation, line in _entries(item):
            if method.lower() in METHODS:
                yield Heading(line, 2, f"{method.upper()} {path}")


def _shelf(key: str, value: yaml.Node) -> Iterator[Heading]:
    for name, content, line in _entries(value):
        yield Heading(line, 2, name)
        if key == "components":
            for inner, _schema, below in _entries(content):
                yield Heading(below, 3, inner)


def _entries(node: yaml.Node | None) -> Iterator[tuple[str, yaml.Node, int]]:
    """Yield the keys of a mapping with their values and lines, each line once."""
    if not isinstance(node, yaml.MappingNode):
        return
    last = 0
    for key, value in node.value:
        line = key.start_mark.line + 1
        if isinstance(key, yaml.ScalarNode) and line > last:
            last = line
            yield key.value, value, line
