"""Which language a file is in."""

from __future__ import annotations

import pytest

from indexer.reading.languages import detect_language


@pytest.mark.parametrize(
    ("path", "text", "language"),
    [
        ("a/b.py", "", "python"),
        ("a/B.PY", "", "python"),
        ("x.tsx", "", "tsx"),
        ("x.d.ts", "", "typescript"),
        ("x.mjs", "", "javascript"),
        ("lib/x.jsx", "", "javascript"),
        ("README.md", "", "markdown"),
        ("doc/index.rst", "", "restructuredtext"),
        ("Dockerfile", "", "dockerfile"),
        ("docker/Dockerfile.dev", "", "dockerfile"),
        ("CMakeLists.txt", "", "cmake"),
        ("go.mod", "", "go.mod"),
        ("config.h.in", "", "c"),
        ("bin/tool", "#!/usr/bin/env python3\n", "python"),
        ("bin/tool", "#!/usr/bin/env -S node --flag\n", "javascript"),
        ("bin/tool", "#!/bin/sh -e\n", "shell"),
        ("bin/tool", "#! /usr/local/bin/perl5.30\n", "perl"),
        ("bin/tool", "#!/opt/unheard-of\n", "text"),
        ("bin/tool", "", "text"),
        (".gitignore", "", "text"),
        (".bashrc", "", "shell"),
        ("a.b/c", "", "text"),
        ("strange.", "", "text"),
        ("a.unknown", "", "text"),
        ("a.h", "struct a { int b; };\n", "c"),
        ("a.h", "#pragma once\nnamespace a {\n", "cpp"),
        ("a.h", "#pragma once\ntemplate <typename T>\n", "cpp"),
        ("a.h", "#import <Foundation/Foundation.h>\n@interface A\n", "objective-c"),
        ("a.m", "function y = f(x)\n", "matlab"),
        ("de.ts", '<?xml version="1.0"?>\n<!DOCTYPE TS>\n', "xml"),
        ("de.ts", "<T>(x: T) => x;\n", "typescript"),
    ],
)
def test_name_then_extension_then_first_line_decide(path: str, text: str, language: str) -> None:
    assert detect_language(path, text) == language
