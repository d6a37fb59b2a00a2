"""`python -m plumbline_cli`: the same as `plumbline`."""

from __future__ import annotations

from plumbline_cli.commands import main

main()
