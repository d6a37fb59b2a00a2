"""The loop over the layers: what is finished stays finished, also when the program is killed.

    WORK/run.json           which run this is, and how many layers are finished
    WORK/inputs-0007.st     what layer 7 is given; only that of the next layer is kept
    WORK/layer-0006.st      the quantized weights of layer 6

Each file is complete under its name: it is written beside it and renamed. `run.json` is written last, so a
layer counts once its weights and the next inputs are there. Between the two a layer is done again, from the same
inputs and so with the same weights.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from inference.errors import QuantizationFailed
from inference.quantization.engines.protocol import Opened, Window

STATE = "run.json"
REST = "rest.st"


@dataclass(frozen=True, slots=True)
class State:
    """How far a run has come."""

    run: str  # see recipe.run_id
    finished: int = 0
    seconds: float = 0.0  # over all its starts
    losses: dict[str, dict[str, float]] = field(default_factory=dict)  # by layer, by matrix


@dataclass(frozen=True, slots=True)
class Finished:
    """The files of a finished run, in the order of the model."""

    files: tuple[Path, ...]
    seconds: float
    losses: Mapping[str, Mapping[str, float]]


def quantize_layers(
    opened: Opened, windows: Sequence[Window], work: Path, run: str, tell: Callable[[str], None]
) -> Finished:
    """Quantize the layers that are not finished yet; `tell` gets a line for each.

    Raises QuantizationFailed when the folder holds unfinished work of another run.
    """
    work.mkdir(parents=True, exist_ok=True)
    state = _continued(work, run)
    if state.finished:
        tell(f"going on after {state.finished} of {opened.layers} layers")
    elif not _inputs(work, 0).exists():
        with _written(_inputs(work, 0)) as path:
            opened.first_inputs(windows, path)
    for number in range(state.finished, opened.layers):
        state = _one_layer(opened, number, work, state)
        tell(_line(state, opened.layers))
    rest = work / REST
    if not rest.exists():
        with _written(rest) as path:
            opened.write_rest(path)
    layers = tuple(_weights(work, number) for number in range(opened.layers))
    return Finished((*layers, rest), state.seconds, state.losses)


def _one_layer(opened: Opened, number: int, work: Path, state: State) -> State:
    began = time.monotonic()
    with (
        _written(_weights(work, number)) as weights,
        _written(_inputs(work, number + 1)) as outputs,
    ):
        losses = opened.quantize_layer(number, _inputs(work, number), outputs, weights)
    seconds = round(state.seconds + time.monotonic() - began, 1)
    state = State(
        state.run,
        number + 1,
        seconds,
        state.losses | {str(number): {name: round(loss, 6) for name, loss in losses.items()}},
    )
    _write_state(work, state)
    _inputs(work, number).unlink(missing_ok=True)
    return state


def _line(state: State, layers: int) -> str:
    per_layer = state.seconds / state.finished
    left = per_layer * (layers - state.finished)
    last = state.losses[str(state.finished - 1)]
    worst = max(last, key=lambda name: last[name])
    filled = 20 * state.finished // layers
    return (
        f"[{'#' * filled}{'.' * (20 - filled)}] layer {state.finished} of {layers}, "
        f"{per_layer:.0f} s each, {_duration(left)} left; most lost in {worst}: {last[worst]:.2%}"
    )


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"


def _continued(work: Path, run: str) -> State:
    path = work / STATE
    if not path.exists():
        state = State(run)
        _write_state(work, state)
        return state
    try:
        state = State(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as exc:
        raise QuantizationFailed(f"{path} cannot be read: delete {work} to begin anew") from exc
    if state.run != run:
        raise QuantizationFailed(
            f"{work} holds unfinished work of another model, calibration or recipe: finish that one, "
            "or delete the folder to begin anew"
        )
    return state


def _write_state(work: Path, state: State) -> None:
    with _written(work / STATE) as path:
        path.write_text(json.dumps(asdict(state)), encoding="utf-8")


@contextmanager
def _written(path: Path) -> Iterator[Path]:
    """Give a path to write to; the file appears under its own name when it is complete."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    yield unfinished
    with unfinished.open("rb") as stream:
        os.fsync(stream.fileno())
    unfinished.replace(path)


def _inputs(work: Path, number: int) -> Path:
    return work / f"inputs-{number:04}.st"


def _weights(work: Path, number: int) -> Path:
    return work / f"layer-{number:04}.st"
