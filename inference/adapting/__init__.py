"""LoRA adapters from a company's own commits and curated answers: pairs, training, proof."""
