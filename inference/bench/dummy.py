"""A model folder without weights, for honest speed: `vllm --load-format dummy` fills them at random.

    python -m inference.bench.dummy codellama-34b-gptq /tmp/dummy-34b

The sizes are those of the real model, so that memory, prefill and decoding cost the same. What it
writes is noise: the vocabulary is made of words `w2`, `w3` ..., one token each, so prompts have exactly as many
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
# In no word, since a special token is cut out of the middle of words too; and longer than each word,
# since vLLM refuses texts of more letters than its window times the longest token.
UNKNOWN, END = "<unknown>", "</s>"
QUANTIZED = [
    ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"],
    ["self_attn.o_proj"],
    ["mlp.gate_proj", "mlp.up_proj"],
    ["mlp.down_proj"],
]


def make_dummy(shape_name: str, folder: Path) -> Path:
    """Write configuration, tokenizer and chat template; return the folder."""
    shape = read_shape(SHAPES / shape_name)
    folder.mkdir(parents=True, exist_ok=True)
    config = json.loads((SHAPES / shape_name / "config.json").read_text(encoding="utf-8"))
    config |= {"bos_token_id": 1, "eos_token_id": 1}
    if "quantization_config" in config:
        # vLLM reads which matrices are in 4 bits from the weights, and takes 16 where it finds none.
        config["quantization_config"]["modules_in_block_to_quantize"] = QUANTIZED
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
            "vocab": {UNKNOWN: 0, END: 1} | {f"w{n}": n for n in range(2, vocabulary)},
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
