"""GPTQ's layout on disk: eight integers of four bits in a word, 16-bit scales, zeros less one.

auto-gptq's own packing takes another path for each of its kernels, and one of them forgets the order of
the groups; the layout itself is these few lines. A test reads the result with auto-gptq's own layer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

WORD_BITS = 32


@dataclass(frozen=True, slots=True)
class Solved:
    """One quantized matrix: outputs are rows, inputs are columns."""

    whole: Any  # integers, outputs x inputs
    scale: Any  # outputs x groups
    zero: Any  # integers, outputs x groups
    group_of: Any  # group of each input
    lost: float  # share of the output's energy


def packed(solved: Solved, bits: int, bias: Any = None) -> dict[str, Any]:
    """Return the tensors of a quantized matrix by their names."""
    tensors = {
        "qweight": _words(solved.whole.t(), bits, along=0),
        "qzeros": _words(solved.zero.t() - 1, bits, along=1),
        "scales": solved.scale.t().half(),
        "g_idx": solved.group_of,
    }
    if bias is not None:
        tensors["bias"] = bias.half()
    return {name: tensor.cpu().contiguous() for name, tensor in tensors.items()}


def unpacked(tensors: dict[str, Any], bits: int) -> Any:
    """Return the weights that the packed integers stand for, outputs x inputs, in 32-bit floats."""
    whole = _integers(tensors["qweight"], bits, along=0).float()
    zeros = _integers(tensors["qzeros"], bits, along=1).float() + 1
    group_of = tensors["g_idx"].long()
    return ((whole - zeros[group_of]) * tensors["scales"].float()[group_of]).t().contiguous()


def _words(integers: Any, bits: int, *, along: int) -> Any:
    """Put so many neighbours along a dimension into one word, the first one lowest."""
    each = WORD_BITS // bits
    if integers.shape[along] % each:
        raise ValueError(f"{integers.shape[along]} is no multiple of {each}")
    moved = integers.movedim(along, -1).to(torch.int64)
    grouped = moved.reshape(*moved.shape[:-1], -1, each)
    shifts = torch.arange(each, device=grouped.device) * bits
    words = ((grouped & (2**bits - 1)) << shifts).sum(-1)
    # The highest bit makes the word negative as a signed one.
    words = torch.where(words >= 2 ** (WORD_BITS - 1), words - 2**WORD_BITS, words)
    return words.to(torch.int32).movedim(-1, along)


def _integers(words: Any, bits: int, *, along: int) -> Any:
    moved = words.movedim(along, -1).to(torch.int64)
    shifts = torch.arange(WORD_BITS // bits, device=words.device) * bits
    integers = (moved.unsqueeze(-1) >> shifts) & (2**bits - 1)
    return integers.flatten(-2).movedim(-1, along)
