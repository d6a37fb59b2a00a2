"""Makes a smaller copy of a model and proves what it costs; runs on the GPU host, without the product."""
