"""From pairs to an adapter: what is kept apart, what the manifest tells, and when it is not promoted.

The learner is played here; `test_real_adapter.py` trains with the real one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from inference.adapting.lesson import Lesson, lessons_of
from inference.adapting.pairs import TrainingPair, read_pairs, write_pairs
from inference.adapting.recipe import Recipe
from inference.adapting.training import Order, train
from inference.errors import AdapterFailed, InferenceError, ServingFailed
from inference.serving.adapters import WEIGHTS, read_adapters
from inference.serving.manifest import ADAPTER_CONFIG, verify_folder
from inference.serving.profiles import get_profile
from tests.inference.serving.adapters import SMALL, small_shape, tensors_of, write_weights
from tests.inference.serving.models import make_model

TEMPLATE = (
    "{% for one in messages %}<{{ one.role }}> {{ one.content }} <end> {% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)


class Played:
    """A learner that only remembers what it was given."""

    def __init__(self, *losses: float) -> None:
        self.losses = list(losses)
        self.learned: list[Lesson] = []
        self.measured: list[Lesson] = []

    def loss(self, lessons: Sequence[Lesson]) -> float:
        self.measured = list(lessons)
        return self.losses.pop(0)

    def learn(self, lessons: Sequence[Lesson], tell: Callable[[str], None]) -> int:
        self.learned = list(lessons)
        return 1

    def save(self, folder: Path) -> None:
        config = {"peft_type": "LORA", "r": 8, "bias": "none"}
        told = {**config, "base_model_name_or_path": "/srv/somebody/model"}
        (folder / ADAPTER_CONFIG).write_text(json.dumps(told))
        (folder / "README.md").write_text("unfilled")
        write_weights(folder / WEIGHTS, tensors_of(small_shape(), 8))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = make_model(tmp_path / "model", SMALL)
    words = {word: n for n, word in enumerate(["?", *(f"w{n}" for n in range(400))])}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "chat_template.jinja").write_text(TEMPLATE)
    return folder


def pairs_of(count: int, source: str = "shop") -> list[TrainingPair]:
    return [TrainingPair("place", source, f"w{n} w1", f"w{n} w2") for n in range(count)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "pairs.jsonl"
    write_pairs(path, [*pairs_of(80), *pairs_of(20, "bank")])
    return path


def trained(model: Path, file: Path, learner: Played, **recipe: int) -> Path:
    out = model.with_name("out")
    order = Order(model, out, (file,), licence="own", origin="a test")
    train(order, Recipe(**recipe), lambda *_: learner, lambda _: None)
    return out


def test_an_adapter_tells_what_it_learned_from_and_is_served(model: Path, file: Path) -> None:
    learner = Played(2.0, 1.5)
    out = trained(model, file, learner)
    manifest = verify_folder(out)
    assert manifest.learned_from == ("bank", "shop")
    assert manifest.promoted is True
    report = manifest.report
    assert (report["loss_before"], report["loss_after"]) == (2.0, 1.5)
    assert report["learned"] + report["held_out"] == 100
    assert report["pairs"] == {"place": report["learned"]}
    assert not (out / "README.md").exists()
    assert "somebody" not in (out / ADAPTER_CONFIG).read_text()
    (adapter,) = read_adapters([("house", out)], get_profile("cpu-small"), small_shape())
    assert (adapter.rank, adapter.learned_from) == (8, ("bank", "shop"))


def test_what_is_kept_apart_is_never_learned(model: Path, file: Path) -> None:
    learner = Played(2.0, 1.5)
    trained(model, file, learner)
    assert learner.measured
    assert not {one.tokens for one in learner.learned} & {one.tokens for one in learner.measured}


def test_only_the_answer_is_learned(model: Path) -> None:
    pair = TrainingPair("curated", "shop", "w5 w6", "w7", system="w4")
    (lesson,) = lessons_of(model, [pair], longest=100)
    # <system> w4 <end> <user> w5 w6 <end> <assistant> | w7 <end>: the marks are no words here.
    assert (lesson.tokens[: lesson.prompt_tokens], lesson.tokens[lesson.prompt_tokens :]) == (
        (0, 5, 0, 0, 6, 7, 0, 0),
        (8, 0),
    )
    assert lessons_of(model, [pair], longest=9) == []


def test_one_that_is_no_better_is_not_served(model: Path, file: Path) -> None:
    out = trained(model, file, Played(2.0, 2.0))
    assert verify_folder(out).promoted is False
    named, profile = [("house", out)], get_profile("cpu-small")
    with pytest.raises(ServingFailed, match=r"its loss went from 2\.0000 to 2\.0000"):
        read_adapters(named, profile, small_shape())
    assert read_adapters(named, profile, small_shape(), may_be_unpromoted=True)


def test_too_few_pairs_are_refused_before_anything_is_loaded(model: Path, file: Path) -> None:
    with pytest.raises(AdapterFailed, match="0 are left to learn from"):
        trained(model, _only_held_out(file), Played())
    assert not model.with_name("out").exists()


def _only_held_out(file: Path) -> Path:
    other = file.with_name("held-out.jsonl")
    write_pairs(other, [one for one in read_pairs(file) if one.is_held_out])
    return other


def test_a_template_that_does_not_continue_its_own_prompt_is_refused(
    model: Path, file: Path
) -> None:
    (model / "chat_template.jinja").write_text("{{ messages | length }}")
    with pytest.raises(AdapterFailed, match="in another way"):
        trained(model, file, Played())


@pytest.mark.parametrize(
    "template", ["{{ x.y.z }}", "{% raw", "{{ messages.__class__.__mro__ }}{{ cycler() }}"]
)
def test_a_hostile_template_does_nothing(template: str, model: Path, file: Path) -> None:
    (model / "chat_template.jinja").write_text(template)
    with pytest.raises(AdapterFailed):
        trained(model, file, Played())


@pytest.mark.parametrize(
    "line",
    ["{", "[]", "7", '{"kind": "place"}', '{"kind": "x", "source": "s", "prompt": "p", "answer": "a"}',
     '{"kind": "place", "source": "", "prompt": "p", "answer": "a"}', "[" * 100_000,
     '{"kind": "place", "source": "s", "prompt": 7, "answer": "a"}'],
)  # fmt: skip
def test_what_is_no_pair_is_refused_with_its_line(line: str, file: Path) -> None:
    with file.open("a") as stream:
        stream.write(f"{line}\n")
    with pytest.raises(AdapterFailed, match="line 101"):
        read_pairs(file)


def test_a_folder_or_a_file_that_is_there_stays(model: Path, file: Path) -> None:
    with pytest.raises(AdapterFailed, match="exists"):
        write_pairs(file, [])
    model.with_name("out").mkdir()
    with pytest.raises(AdapterFailed, match="exists"):
        trained(model, file, Played())


@pytest.mark.parametrize(
    "wrong", [{"rank": 0}, {"rank": 129}, {"epochs": 0}, {"longest": 3}, {"learning_rate": 1.0}]
)
def test_a_recipe_that_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InferenceError):
        Recipe(**wrong)  # type: ignore[arg-type]
