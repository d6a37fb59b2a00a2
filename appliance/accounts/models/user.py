"""The people who sign in."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """One person. A model of our own from the first day, because it cannot be swapped later."""

    # May sign in with a password of this appliance while everybody else must use a directory.
    is_emergency = models.BooleanField("emergency account", default=False)
