"""Processes of the product beside the tests, on the same database."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parents[1]
MANAGE = (sys.executable, str(ROOT / "manage.py"))


def product_environment(home: Path, **extra: str) -> dict[str, str]:
    """Return the environment of a process that shares the test's database and secret key.

    What the test wrote is seen there only once it is committed: `django_db(transaction=True)`.
    """
    database = connection.settings_dict
    user = quote(database["USER"], safe="")
    password = f":{quote(database['PASSWORD'], safe='')}" if database["PASSWORD"] else ""
    host, name = quote(database["HOST"], safe="/"), quote(database["NAME"], safe="")
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "appliance.config.settings",
        "PLUMBLINE_HOME": str(home),
        "PLUMBLINE_DATABASE_URL": f"postgresql://{user}{password}@/{name}?host={host}",
        "PLUMBLINE_SECRET_KEY": settings.SECRET_KEY,
        **extra,
    }
