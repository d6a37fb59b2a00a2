#!/usr/bin/env python
"""The product's command line: every operator's command starts here."""

from __future__ import annotations

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "appliance.config.settings")
    # After the settings module is named: Django reads it at import.
    from django.core.management import execute_from_command_line
    from django.db import OperationalError

    from appliance.audit.acting import COMMAND_LINE, acting_as
    from appliance.audit.errors import NotRecorded
    from appliance.common.starting import database_is_away
    from appliance.config.env import SettingError

    try:
        with acting_as(COMMAND_LINE):
            execute_from_command_line(sys.argv)
    except SettingError as exc:
        sys.exit(f"{exc}")
    except OperationalError:
        sys.exit(database_is_away())
    except NotRecorded as exc:
        away = isinstance(exc.__cause__, OperationalError)
        sys.exit(f"{exc} {database_is_away() if away else exc.__cause__}")


if __name__ == "__main__":
    main()
