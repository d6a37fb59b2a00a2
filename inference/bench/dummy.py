"""A model folder without weights, for honest speed: `vllm --load-format dummy` fills them at random.

    python -m inference.bench.dummy codellama-34b-gptq /tmp/dummy-34b

The sizes are those of the real model, so that memory, prefill and decoding cost the same. What it
writes is noise: the vocabulary is made of words `w0`, `w1` ..., one token each, so prompts have exactly as many
tokens as words. Nothing about quality can be measured with it, nor the gain of guessing by n-grams.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from inference.serving.shape import SHAPES, read_shape, shape_names

TEMPLATE = "{% for message in messages %}{{ message['content'] }} {% endfor %}"
UNKNOWN, END = "w0", "w1"


def make_dummy(shape_name: str, folder: Path) -> Path:
    """Write configuration, tokenizer and chat template; return the folder."""
    shape = read_shape(SHAPES / shape_name)
    folder.mkdir(parents=True, exist_ok=True)
    config = json.loads((SHAPES / shape_name / "config.json").read_text(encoding="utf-8"))
    config |= {"bos_token_id": 1, "eos_token_id": 1}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "tokenizer.json").write_text(json.dumps(_tokenizer(shape.vocabulary)), "utf-8")
    tokenizer = {
        "tokenizer_class": "TokenizersBackend",
        "unk_token": UNKNOWN,
        "eos_token": END,
        "bos_token": END,
        "model_max_length": shape.longest_window,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer), encoding="utf-8")
    (folder / "chat_template.jinja").write_text(TEMPLATE, encoding="utf-8")
    return folder


def _tokenizer(vocabulary: int) -> dict[str, object]:
    """Return a tokenizer of whole words, in the form of the `tokenizers` library."""
    special = [
        {"id": number, "content": word, "single_word": False, "lstrip": False, "rstrip": False,
         "normalized": False, "special": True}
        for number, word in enumerate((UNKNOWN, END))
    ]  # fmt: skip
    return {
        "version": "1.0",
        "added_tokens": special,
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "decoder": None,
        "model": {
            "type": "WordLevel",
            "vocab": {f"w{number}": number for number in range(vocabulary)},
            "unk_token": UNKNOWN,
        },
    }


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="inference.bench.dummy", description=__doc__)
    parser.add_argument("shape", choices=shape_names())
    parser.add_argument("folder", type=Path)
    options = parser.parse_args(arguments)
    shutil.rmtree(options.folder, ignore_errors=True)
    print(make_dummy(options.shape, options.folder))


if __name__ == "__main__":
    main()
