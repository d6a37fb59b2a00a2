"""The people who sign in."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser


class User(AbstractUser):
    """One person. A model of our own from the first day, because it cannot be swapped later."""
