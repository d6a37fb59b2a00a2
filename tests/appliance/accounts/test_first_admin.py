"""The first admin: made once, with a password that only the operator can read."""

from __future__ import annotations

import stat
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from appliance.accounts.models import User

pytestmark = [pytest.mark.services, pytest.mark.django_db]


def first_admin(file: Path) -> str:
    output = StringIO()
    call_command("first_admin", "--password-file", str(file), stdout=output)
    return output.getvalue().strip()


def test_the_password_that_is_shown_signs_in(tmp_path: Path) -> None:
    password = first_admin(tmp_path / "password")
    admin = User.objects.get(username="admin")
    assert admin.is_superuser
    assert admin.check_password(password)
    assert len(password) >= 20
    assert (tmp_path / "password").read_text() == f"{password}\n"


def test_only_the_owner_reads_the_password_file(tmp_path: Path) -> None:
    first_admin(tmp_path / "password")
    assert stat.S_IMODE((tmp_path / "password").stat().st_mode) == 0o600


def test_a_file_that_lay_there_open_is_closed(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("old")
    file.chmod(0o644)
    first_admin(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_second_time_changes_and_shows_nothing(tmp_path: Path) -> None:
    password = first_admin(tmp_path / "password")
    assert first_admin(tmp_path / "password") == ""
    assert User.objects.get(username="admin").check_password(password)


def test_the_admin_is_in_the_group_of_everyone(tmp_path: Path) -> None:
    first_admin(tmp_path / "password")
    groups = User.objects.get(username="admin").groups.values_list("name", flat=True)
    assert list(groups) == ["everyone"]
