"""From a GGUF file to a Hugging Face folder; runs inside the model server's environment.

    python -m inference.serving.convert MODEL.gguf FOLDER

vLLM serves GGUF itself only with kernels that the CPU build lacks. The folder appears under its
name when it is complete; a run that is killed leaves only FOLDER.part behind.
"""

from __future__ import annotations

import logging
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

logger = logging.getLogger(__name__)


def convert(gguf: Path, folder: Path) -> None:
    """Write weights (bfloat16), tokenizer and chat template. Takes about a minute for 0.5B."""
    # Slow, and only to be had inside the model server's environment.
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    logger.info("1/3 reading the tokenizer")
    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    tokenizer.save_pretrained(part)
    logger.info("2/3 unpacking the weights")
    model = AutoModelForCausalLM.from_pretrained(
        gguf.parent,
        gguf_file=gguf.name,
        dtype=torch.bfloat16,
        quantization_config=GgufConfig(dequantize=True),
    )
    logger.info("3/3 writing the folder")
    model.save_pretrained(part)
    part.rename(folder)


def main(arguments: Sequence[str]) -> int:
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    if len(arguments) != 2:
        logger.error("usage: python -m inference.serving.convert MODEL.gguf FOLDER")
        return 2
    gguf, folder = Path(arguments[0]).resolve(), Path(arguments[1]).resolve()
    if (folder / "config.json").exists():
        logger.info("already converted: %s", folder)
        return 0
    started = time.monotonic()
    convert(gguf, folder)
    logger.info("converted in %.0f s: %s", time.monotonic() - started, folder)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
