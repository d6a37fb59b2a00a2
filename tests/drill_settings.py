"""The product's settings for a process of a test, with the database that its environment names."""

from __future__ import annotations

import os
import tempfile

os.environ.setdefault("PLUMBLINE_HOME", tempfile.mkdtemp(prefix="plumbline-test-"))
os.environ["PLUMBLINE_SECRET_KEY"] = "only-for-tests-" + "x" * 40
os.environ["PLUMBLINE_CHAT_URL"] = "none"
os.environ["PLUMBLINE_EGRESS"] = "off"

from appliance.config.settings import *  # noqa: F403
