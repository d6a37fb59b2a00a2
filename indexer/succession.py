"""Which embedding model search uses, and which one is made ready beside it.

The settings say which model is wanted. When that is another than the one in use, its vectors are
made beside the old ones, and search goes on with the old ones until the new ones are complete and
are not worse (indexer.evaluation.takeover).
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from indexer.embedding.recipe import Recipe
from indexer.errors import IndexerError
from indexer.models import EmbeddingModel
from inference import minilm, static

logger = logging.getLogger(__name__)

KEPT = timedelta(days=14)  # vectors of a model that is no longer used
NEVER = datetime(
    1970, 1, 1, tzinfo=UTC
)  # when the settings asked for a model that they never named
LOCK = 7_001_501  # one change of states at a time
State = EmbeddingModel.State


class EmbeddingModelUnknown(IndexerError):
    """No such embedding model was ever in use or made ready."""


def wanted_recipe() -> Recipe:
    """Return which embedding model the settings name."""
    if settings.EMBEDDING == "static":
        return Recipe("static", static.read_manifest().name)
    if settings.EMBEDDING == "minilm":
        return Recipe("minilm", minilm.MODEL_NAME)
    return Recipe(
        "server",
        settings.EMBEDDING_MODEL,
        url=settings.EMBEDDING_URL,
        query_prefix=settings.EMBEDDING_QUERY_PREFIX,
        passage_prefix=settings.EMBEDDING_PASSAGE_PREFIX,
        dimensions=settings.EMBEDDING_DIMENSIONS,
    )


def recipe_in_use() -> Recipe:
    """Return how search makes vectors: as the settings say, until another model was in use before."""
    wanted = wanted_recipe()
    return _recipe_in(State.IN_USE, wanted) or wanted


def coming_recipe() -> Recipe | None:
    """Return the recipe of the model that is made ready; None: there is none."""
    return _recipe_in(State.COMING, wanted_recipe())


def recipe_named(name: str) -> Recipe:
    """Return the recipe of a model that is known by name; raise EmbeddingModelUnknown."""
    wanted = wanted_recipe()
    if name == wanted.name:
        return wanted
    told = EmbeddingModel.objects.filter(name=name).values_list("recipe", flat=True).first()
    if told is None:
        raise EmbeddingModelUnknown(
            f"There is no embedding model {name!r}; see: manage.py embedding list"
        )
    return Recipe.from_json(told)


def _recipe_in(state: str, wanted: Recipe) -> Recipe | None:
    row = EmbeddingModel.objects.filter(state=state).values_list("name", "recipe").first()
    if row is None:
        return None
    # The settings win over what was stored: a server may have moved, or be asked otherwise.
    return wanted if row[0] == wanted.name else Recipe.from_json(row[1])


def settle() -> None:
    """Bring what is known of the models up to date with the settings; called before embedding.

    Without a model in use the wanted one is; when the settings have begun to name another one, that
    one is coming, and what was coming before no longer is.
    """
    wanted = wanted_recipe()
    if _newest_wish() == wanted.name and EmbeddingModel.objects.filter(state=State.IN_USE).exists():
        return
    with transaction.atomic():
        _lock()
        if not EmbeddingModel.objects.filter(state=State.IN_USE).exists():
            _ask(wanted, State.IN_USE)
        elif _newest_wish() != wanted.name:
            is_in_use = EmbeddingModel.objects.filter(state=State.IN_USE, name=wanted.name).exists()
            _leave(State.COMING)
            _ask(wanted, State.IN_USE if is_in_use else State.COMING)


def use(name: str) -> None:
    """Search with a model's vectors from the next search on; the one before is retired."""
    with transaction.atomic():
        _lock()
        _leave(State.IN_USE)
        _set(name, State.IN_USE)
    logger.info("embedding model=%s is in use", name)


def begin(name: str) -> None:
    """Have the vectors of a known model made (again) beside those in use."""
    with transaction.atomic():
        _lock()
        _leave(State.COMING)
        _set(name, State.COMING)


def offer(recipe: Recipe) -> None:
    """Make a model ready that nobody wished for: it stands behind every wish of the settings.

    One that the settings wish for and that is being made ready goes first.
    """
    with transaction.atomic():
        _lock()
        if EmbeddingModel.objects.filter(state=State.COMING, asked_at__gt=NEVER).exists():
            return
        _leave(State.COMING)
        EmbeddingModel.objects.update_or_create(
            name=recipe.name,
            defaults={
                "recipe": recipe.to_json(),
                "state": State.COMING,
                "since": timezone.now(),
                "asked_at": NEVER,
            },
        )
    logger.info("embedding model=%s is offered", recipe.name)


def refuse(name: str) -> None:
    """Leave a model that was made ready and is worse; its vectors stay until a person decides."""
    _set(name, State.REFUSED)


def outdated_models() -> list[str]:
    """Return the models whose vectors nobody goes back to any more."""
    retired = EmbeddingModel.objects.filter(
        state__in=[State.RETIRED, State.REFUSED], since__lt=timezone.now() - KEPT
    )
    return list(retired.values_list("name", flat=True))


def _newest_wish() -> str | None:
    """Return the name of the model that the settings last began to name."""
    return (
        EmbeddingModel.objects.order_by("-asked_at", "-pk").values_list("name", flat=True).first()
    )


def _ask(recipe: Recipe, state: str) -> None:
    now = timezone.now()
    EmbeddingModel.objects.update_or_create(
        name=recipe.name,
        defaults={"recipe": recipe.to_json(), "state": state, "since": now, "asked_at": now},
    )
    logger.info("embedding model=%s is %s", recipe.name, state)


def _leave(state: str) -> None:
    EmbeddingModel.objects.filter(state=state).update(state=State.RETIRED, since=timezone.now())


def _set(name: str, state: str) -> None:
    if not EmbeddingModel.objects.filter(name=name).update(state=state, since=timezone.now()):
        raise EmbeddingModelUnknown(f"There is no embedding model {name!r}.")


def _lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
