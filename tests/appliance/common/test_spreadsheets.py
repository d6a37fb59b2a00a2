"""No cell of a table is run by who opens it, whatever parts the cells where they live."""

from __future__ import annotations

import csv
import io

import pytest

from appliance.common.spreadsheets import harmless


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
@pytest.mark.parametrize("before", ["", "shop;", "shop\n", "shop\r", 'a";'])
def test_a_formula_becomes_a_text(sign: str, before: str) -> None:
    assert harmless(f"{before}{sign}cmd|' /C calc'!A0") == f"{before}'{sign}cmd|' /C calc'!A0"


@pytest.mark.parametrize("sign", ["\t=1", "\r=1", "\n=1"])
def test_what_is_skipped_in_front_of_one_hides_none(sign: str) -> None:
    assert str(harmless(sign)).startswith("'")


def test_read_with_semicolons_no_cell_begins_a_formula() -> None:
    file = io.StringIO()
    csv.writer(file).writerow(harmless(one) for one in ("1", "a;=1+1", 'b"\n=1+1', "c,;@x"))
    for line in file.getvalue().split("\n"):
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in line.split(";"))


@pytest.mark.parametrize(
    "value", ["", "a = b", "x; -y", "if a:\n\n\t\treturn -1;", "src/a-b.py", 7, -7, 1.5, None]
)
def test_other_values_stay(value: object) -> None:
    assert harmless(value) == value


def test_no_cell_holds_a_nul() -> None:
    assert harmless("a\0b") == "a\ufffdb"
