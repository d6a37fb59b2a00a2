"""The environments that hosts make of a bundle: the locked requirements of each, its Python, its torch."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.local.bundle.target import OLD_PYTHON, PYTHON
from inference.quantization.install import recipe_for
from inference.serving.install import TORCH


@dataclass(frozen=True, slots=True)
class Environment:
    """One environment, as a folder of wheels in the bundle."""

    name: str
    requirements: tuple[str, ...]
    python: str = PYTHON
    torch: str = ""  # beside what is locked; none where it is locked with the rest


PRODUCT = Environment("product", ("product.txt", "uv.txt"))
INSTALL = Environment("install", ("install.txt",))


def serving(device: str, python: str = PYTHON) -> Environment:
    """Return the environment of model servers on a processor ("cpu") or on cards ("cuda")."""
    torch = TORCH if device == "cpu" else ""
    return Environment(f"vllm-{device}", (f"vllm-{device}.txt",), python, torch)


def quantizing(device: str) -> Environment:
    """Return the environment that makes models smaller."""
    torch = recipe_for(cuda=device == "cuda").torch
    return Environment("quantize", ("quantize.txt",), OLD_PYTHON, torch)
