"""The static model's weights by name: those of the product, or what was learned here."""

from __future__ import annotations

from indexer.models import LearnedWeights
from inference import static
from inference.errors import ModelFilesInvalid


def static_weights(name: str) -> static.Weights:
    """Return the weights of that name; raises ModelFilesInvalid when there are none."""
    if name == static.read_manifest().name:
        return static.read_weights(static.WEIGHTS)
    found = LearnedWeights.objects.filter(name=name).first()
    if found is None:
        raise ModelFilesInvalid(f"There are no weights of {name}: choose another embedding model.")
    return static.unpacked(bytes(found.content), name=name, near=found.near)


def near_of(name: str) -> float:
    """Return the cosine from which a text is near a question, without reading the weights."""
    shipped = static.read_manifest()
    if name == shipped.name:
        return shipped.near
    near = LearnedWeights.objects.filter(name=name).values_list("near", flat=True).first()
    return shipped.near if near is None else near
