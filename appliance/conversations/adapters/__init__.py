"""LoRA adapters beside the chat model: whose questions go to which, and who may have their answers."""
