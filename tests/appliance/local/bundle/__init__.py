"""The offline bundle: what it holds, and that a wrong one is refused."""
