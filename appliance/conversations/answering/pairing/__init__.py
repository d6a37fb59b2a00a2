"""The mode "pair": plan, act, note what was found; then words. Every action only reads."""
