"""Behind TLS no other host, not even a sub-domain, can set the cookies of a session."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.processes import ROOT

CODE = """
import json
from django.conf import settings as s
names = ("SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE",
         "SESSION_COOKIE_PATH", "SESSION_COOKIE_DOMAIN", "CSRF_COOKIE_DOMAIN")
print(json.dumps({name: getattr(s, name) for name in names}))
"""


@pytest.mark.parametrize(("tls", "mark"), [("true", "__Host-"), ("false", "")])
def test_cookies_are_bound_to_this_host(tls: str, mark: str) -> None:
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings", "PLUMBLINE_TLS": tls}
    said = subprocess.run(
        [sys.executable, "-c", CODE],
        check=True,
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    told = json.loads(said.stdout.splitlines()[-1])
    assert told["SESSION_COOKIE_NAME"] == f"{mark}sessionid"
    assert told["CSRF_COOKIE_NAME"] == f"{mark}csrftoken"
    # What browsers ask of that prefix.
    assert told["SESSION_COOKIE_SECURE"] == told["CSRF_COOKIE_SECURE"] == (tls == "true")
    assert (told["SESSION_COOKIE_PATH"], told["SESSION_COOKIE_DOMAIN"]) == ("/", None)
    assert told["CSRF_COOKIE_DOMAIN"] is None
