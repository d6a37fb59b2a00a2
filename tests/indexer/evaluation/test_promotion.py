"""The gate: what is worse does not pass, each decision is recorded, one gives a reason or not."""

from __future__ import annotations

import pytest

from indexer.evaluation.comparison import compare
from indexer.evaluation.promotion import (
    Change,
    Compared,
    PromotionRefused,
    decide,
    promote,
    questions_in,
)
from indexer.models import GoldenEntry, Promotion, Source
from indexer.retrieval.variant import Variant
from indexer.scope import Scope

CHANGE = Change("ranking", "shipped", "7", Variant(ranking="plain"))
WORSE = {"asked": {"MRR@20": compare([1.0] * 20, [0.5] * 20)}}
BETTER = {"history": {"MRR@20": compare([0.5] * 20, [1.0] * 20)}}


def applied(compared: Compared, **more: str) -> tuple[list[int], Promotion]:
    done: list[int] = []
    decide(CHANGE, compared, lambda: done.append(1), by="ana", **more)
    return done, Promotion.objects.get()


def test_what_is_worse_is_refused_and_recorded(db: None) -> None:
    with pytest.raises(PromotionRefused, match=r"Ranking 7 is worse than shipped: MRR@20 over"):
        applied(WORSE)
    refused = Promotion.objects.get()
    assert (refused.verdict, refused.decided_by, refused.reason) == ("refused", "ana", "")
    assert refused.comparison["asked"]["MRR@20"]["difference"] == -0.5


def test_a_gain_of_one_kind_does_not_outweigh_a_loss_of_the_other(db: None) -> None:
    with pytest.raises(PromotionRefused):
        applied({**WORSE, **BETTER})


def test_a_reason_overrides_and_stays(db: None) -> None:
    done, promotion = applied(WORSE, override=" because ")
    assert done == [1]
    assert (promotion.verdict, promotion.reason) == ("overridden", "because")


def test_what_is_not_worse_passes_and_needs_no_reason(db: None) -> None:
    done, promotion = applied(BETTER, override="just in case")
    assert done == [1]
    assert (promotion.verdict, promotion.reason) == ("passed", "")


def test_without_questions_nothing_speaks_against_a_change(db: None) -> None:
    done: list[int] = []
    promotion = promote(CHANGE, lambda: done.append(1), scope=Scope(), by="ana")
    assert (done, promotion.verdict, questions_in(promotion)) == ([1], "passed", 0)


def test_a_change_that_fails_leaves_no_record(db: None) -> None:
    def broken() -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        decide(CHANGE, BETTER, broken, by="ana")
    assert not Promotion.objects.exists()


def test_golden_questions_decide(asked: list[GoldenEntry], shop: Source) -> None:
    blind = Variant(without=frozenset({"lexical", "vector", "path"}))
    change = Change("setting", "now", "blind", blind)
    with pytest.raises(PromotionRefused, match=r"Acc@1 over questions in plain language 1\.000"):
        promote(change, lambda: None, scope=Scope(frozenset({shop.pk})), by="ana")
    assert questions_in(Promotion.objects.get()) == len(asked)
