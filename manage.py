#!/usr/bin/env python
"""The product's command line: every operator's command starts here."""

from __future__ import annotations

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "appliance.config.settings")
    # After the settings module is named: Django reads it at import.
    from django.core.management import execute_from_command_line

    from appliance.audit.acting import COMMAND_LINE, acting_as
    from appliance.config.env import SettingError

    try:
        with acting_as(COMMAND_LINE):
            execute_from_command_line(sys.argv)
    except SettingError as exc:
        sys.exit(f"{exc}")


if __name__ == "__main__":
    main()
