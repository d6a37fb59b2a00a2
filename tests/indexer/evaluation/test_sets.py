"""Golden sets: from history strictly by time, imported with the line that is wrong, saved by people."""

from __future__ import annotations

from datetime import timedelta

import pytest

from indexer.evaluation import sets
from indexer.evaluation.golden import Gold, GoldenSetInvalid
from indexer.evaluation.sets import (
    ProposalRefused,
    history_reserved_from,
    import_set,
    in_fair_order,
    question_of,
    questions_in_use,
    refresh_history,
    save_question,
)
from indexer.models import Commit, GoldenEntry, GoldenSet, Source
from indexer.ranking.examples import examples_of
from indexer.ranking.learning import _split
from indexer.scope import Scope
from indexer.spans import Span

GOOD = b'{"id": "1", "query": "how", "source": "shop", "gold": [{"path": "a.py", "start": 1, "end": 9}]}'


def test_the_newest_commits_ask_and_nothing_is_learned_from_them(telling: Source) -> None:
    assert history_reserved_from(telling) is None
    refresh_history([telling])
    entries = list(GoldenEntry.objects.filter(golden_set__source=telling))
    newest = Commit.objects.order_by("-committed_at")[: len(entries)]
    assert {entry.key for entry in entries} == {commit.oid for commit in newest}
    assert len(entries) == 12  # one in ten
    reserved = history_reserved_from(telling)
    assert reserved == min(entry.asked_at for entry in entries if entry.asked_at)
    train, held_out = _split(Scope(frozenset({telling.pk})), 1000)
    assert max(example.committed_at for example in [*train, *held_out]) < reserved
    assert len([*train, *held_out]) == len(examples_of(telling, newest=1000)) - 12


def test_history_moves_on_with_new_commits_and_keeps_the_questions_that_stay(
    telling: Source,
) -> None:
    refresh_history([telling])
    before = dict(GoldenEntry.objects.values_list("key", "pk"))
    newest = Commit.objects.order_by("-committed_at")[0]
    for number in range(1, 3):
        Commit.objects.create(
            source=telling,
            oid=f"{number}" * 40,
            committed_at=newest.committed_at + timedelta(days=number),
            author="ana",
            message="Handle what is new here with care",
            paths=["src/module_1.py"],
        )
    refresh_history([telling])
    after = dict(GoldenEntry.objects.values_list("key", "pk"))
    assert len(after) == 12
    assert {"1" * 40, "2" * 40} < after.keys()
    assert {key: pk for key, pk in after.items() if key in before}.items() <= before.items()


def test_little_history_asks_nothing(telling: Source) -> None:
    Commit.objects.exclude(pk__in=Commit.objects.values("pk")[:40]).delete()
    refresh_history([telling])
    assert not GoldenSet.objects.exists()


def test_a_set_is_imported_and_imported_again(shop: Source) -> None:
    golden_set = import_set("ours", GOOD + b'\n{"id": 2, "query": "why", "gold": ["b.py"]}\n')
    first, second = golden_set.entries.all()
    assert question_of(first).gold == (Gold("a.py", Span(1, 9)),)
    assert (question_of(first).source, question_of(second).source) == ("shop", None)
    again = import_set("ours", GOOD.replace(b"how", b"where"))
    assert [(entry.pk, entry.query) for entry in again.entries.all()] == [(first.pk, "where")]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (b"{", r"ours, line 2: write "),
        (GOOD.replace(b'"1"', b'"2"').replace(b"shop", b"nowhere"), "line 2: there is no source"),
        (GOOD, "line 2: the id '1' came before"),
        (b'{"id": "2", "query": " ", "gold": ["a"]}', "line 2: a query has"),
        (b'{"id": "", "query": "q", "gold": ["a"]}', "line 2: an id has"),
        (b'{"id": "2", "query": "a\\u0000", "gold": ["a"]}', "line 2: a character"),
        (b"\xff", "ours: 'utf-8' codec"),
    ],
)
def test_the_line_that_is_wrong_is_named_and_nothing_is_imported(
    shop: Source, line: bytes, sentence: str
) -> None:
    with pytest.raises(GoldenSetInvalid, match=sentence):
        import_set("ours", GOOD + b"\n" + line)
    assert not GoldenSet.objects.exists()


def test_an_import_replaces_no_set_of_another_kind(shop: Source) -> None:
    save_question("q", shop, Gold("a.py"), by="ana", is_accepted=True)
    with pytest.raises(GoldenSetInvalid, match="is not an imported set"):
        import_set(sets.SAVED, GOOD)
    for name in ("", "x" * 101):
        with pytest.raises(GoldenSetInvalid, match="name"):
            import_set(name, GOOD)
    with pytest.raises(GoldenSetInvalid, match="0 questions"):
        import_set("ours", b"\n")


def test_a_proposal_is_not_in_use_before_it_is_accepted(shop: Source) -> None:
    entry = save_question("how much", shop, Gold("a.py", Span(1, 2)), by="ana", is_accepted=False)
    assert not questions_in_use().exists()
    entry.state = GoldenEntry.State.ACCEPTED
    entry.save()
    assert [one.pk for one in questions_in_use()] == [entry.pk]
    # What the same person adds later waits again.
    other = save_question("how much", shop, Gold("b.py"), by="ana", is_accepted=False)
    assert other.pk != entry.pk
    assert other.state == GoldenEntry.State.PROPOSED


def test_several_places_answer_one_question(shop: Source) -> None:
    for path in ("a.py", "b.py", "a.py"):
        save_question(" how ", shop, Gold(path), by="ana", is_accepted=True)
    assert GoldenEntry.objects.get().gold == [{"path": "a.py"}, {"path": "b.py"}]
    assert GoldenEntry.objects.count() == 1


def test_nobody_floods_the_admins(shop: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sets, "MOST_PROPOSED", 2)
    for query in ("one", "two"):
        save_question(query, shop, Gold("a.py"), by="ana", is_accepted=False)
    with pytest.raises(ProposalRefused, match="wait for an admin"):
        save_question("three", shop, Gold("a.py"), by="ana", is_accepted=False)
    assert save_question("three", shop, Gold("a.py"), by="bob", is_accepted=False)
    for query in (" ", "x" * 2001, "a\0"):
        with pytest.raises(ProposalRefused, match="characters"):
            save_question(query, shop, Gold("a.py"), by="eve", is_accepted=False)


def test_questions_go_with_their_source(telling: Source) -> None:
    refresh_history([telling])
    save_question("q", telling, Gold("a.py"), by="ana", is_accepted=True)
    telling.delete()
    assert not GoldenEntry.objects.exists()


def test_the_order_is_fair_and_always_the_same(asked: list[GoldenEntry]) -> None:
    ordered = in_fair_order(asked)
    assert ordered == in_fair_order(reversed(asked))
    assert ordered != asked
