"""The playbooks: their rules, and what their templates become."""
