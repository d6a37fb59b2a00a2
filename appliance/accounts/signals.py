"""What other parts of the product may hang on to."""

from __future__ import annotations

from django.dispatch import Signal

# Sent with `user` after the transaction that disabled somebody: what they have running must stop.
person_disabled = Signal()
