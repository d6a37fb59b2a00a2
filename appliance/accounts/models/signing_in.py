"""What is decided about signing in for everybody, and what must not be accepted twice."""

from __future__ import annotations

from django.db import models

from appliance.accounts.models.directory import Directory


class SignInRules(models.Model):
    """The one row of rules; made when it is first asked for."""

    # People sign in through a directory only; of the accounts made here, emergency accounts may.
    directories_only = models.BooleanField(default=False)
    # An admin with an account made here must set up a second factor before anything else.
    admins_need_second_factor = models.BooleanField(default=False)

    class Meta:
        verbose_name_plural = "sign-in rules"

    def __str__(self) -> str:
        return "directories only" if self.directories_only else "local accounts too"

    @classmethod
    def current(cls, *, for_update: bool = False) -> SignInRules:
        """Return the rules; locked, so that two changes happen one after the other."""
        cls.objects.get_or_create(pk=1)
        rows = cls.objects.select_for_update() if for_update else cls.objects.all()
        return rows.get(pk=1)


class SeenAssertion(models.Model):
    """A SAML assertion that was accepted: until it expires it must not be accepted again."""

    directory = models.ForeignKey(Directory, on_delete=models.CASCADE, related_name="+")
    assertion_id = models.CharField(max_length=64)  # SHA-256 of the id, which has no limit
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["directory", "assertion_id"], name="one_use_of_an_assertion"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.directory}: {self.assertion_id[:12]}"
