"""Which models make vectors: the one that search uses, and the one that shall follow it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone


class EmbeddingModel(models.Model):
    """A way to make vectors, and what has become of it."""

    class State(models.TextChoices):
        IN_USE = "in_use", "In use"
        COMING = "coming", "Made ready beside it"
        REFUSED = "refused", "Worse, and not used"
        RETIRED = "retired", "No longer used"

    name = models.CharField(max_length=100, unique=True)  # as beside its vectors
    recipe = models.JSONField()  # indexer.embedding.recipe.Recipe
    state = models.CharField(max_length=10, choices=State.choices)
    since = models.DateTimeField(default=timezone.now)  # in this state
    asked_at = models.DateTimeField(default=timezone.now)  # when the settings last began to name it

    class Meta:
        ordering = ["-since", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["state"],
                condition=Q(state__in=["in_use", "coming"]),
                name="one_embedding_model_in_use_and_one_coming",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.state}"


class LearnedWeights(models.Model):
    """Weights of the static model that went on learning from this installation's history.

    Here and not in a file: whoever makes a vector of a question needs them, on every host.
    """

    name = models.CharField(max_length=100, unique=True)  # of the model, as in its recipe
    content = models.BinaryField()  # inference.static.packed; some 10 MB
    near = models.FloatField()
    figures = models.JSONField(default=dict)  # what they were learned from, and what that brought
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.name
