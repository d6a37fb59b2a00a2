"""What can be compared, as a person writes it: earlier runs and ways to search.

17, run:17            a run that was recorded
now                   search as it is in use
plain, shipped        an order of results; ranking:12 is one that was learned
without:vector,path   retrievers that are left out; only:lexical is the rest
embedding:NAME        an embedding model whose vectors are there: see manage.py embedding list
rerank:on, rerank:off
plain+without:vector  several at once
"""

from __future__ import annotations

from dataclasses import replace

from indexer.errors import IndexerError
from indexer.models import EvaluationRun
from indexer.ranking.choice import trees_of
from indexer.retrieval.variant import AS_USED, Variant
from indexer.succession import recipe_named

Side = EvaluationRun | Variant


class SideUnknown(IndexerError):
    """This cannot be compared."""


def read_side(text: str) -> Side:
    """Return the run or the variant; raise SideUnknown, VariantUnknown or RankingUnknown."""
    number = text.removeprefix("run:")
    if number.isdecimal():
        run = EvaluationRun.objects.filter(pk=number, state=EvaluationRun.State.DONE).first()
        if run is None:
            raise SideUnknown(f"There is no finished run {number}; see: manage.py evaluate runs")
        return run
    variant = AS_USED
    for part in text.split("+"):
        variant = _changed(variant, part.strip())
    return variant


def _changed(variant: Variant, part: str) -> Variant:
    word, _, value = part.partition(":")
    names = [name.strip() for name in value.split(",") if name.strip()]
    match word, value:
        case "now", "":
            return variant
        case (("plain" | "shipped"), ""):
            return replace(variant, ranking=word)
        case "ranking", _:
            trees_of(value)
            return replace(variant, ranking=value)
        case "embedding", _:
            return replace(variant, embedding=recipe_named(value).name)
        case "without", _:
            return replace(variant, without=variant.without | set(names))
        case "only", _:
            only = Variant.only(*names)
            return replace(only, ranking=variant.ranking or only.ranking)
        case "rerank", ("on" | "off"):
            return replace(variant, is_reranked=value == "on")
    raise SideUnknown(f"{part!r} cannot be compared; see: manage.py evaluate --help")
