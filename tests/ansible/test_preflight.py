"""The preflight says, before anything is changed, what an inventory, a certificate and a bundle lack."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from tests.ansible.rendering import playbook
from tests.certificates import certificate_until

pytestmark = pytest.mark.timeout(600)

PREFLIGHT = [{"hosts": "all", "gather_facts": True, "roles": ["site", "preflight"]}]
SITE = {
    "all": {
        "hosts": {"a": {"site_ip": "10.0.0.1"}, "b": {"site_ip": "10.0.0.2"}},
        "vars": {
            "site_address": "plumbline.example.com",
            "site_allow_out": [{"name": "git", "to": ["git.example.com"], "ports": [443], "services": ["worker"]}],
        },
        "children": {
            name: {"hosts": {host: {} for host in hosts}}
            for name, hosts in {
                "database": "a", "broker": "a", "web": "a", "workers": "ab", "scheduler": "ab",
                "models": "b", "quantizers": "", "replicas": "",
            }.items()
        },
    }
}  # fmt: skip


def test_all_that_is_wrong_is_said_at_once_and_nothing_is_changed(tmp_path: Path) -> None:
    (tmp_path / "play.yml").write_text(yaml.safe_dump(PREFLIGHT))
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump(SITE))
    bundle = tmp_path / "bundle"
    (bundle / "models").mkdir(parents=True)
    (bundle / "models/small.tar").touch()
    (bundle / "SHA256SUMS").touch()
    certificate = certificate_until(tmp_path, timedelta(hours=3))
    (tmp_path / "other.key").write_text("no key")
    values: dict[str, object] = {
        "site_bundle": str(bundle),
        "site_secrets": str(tmp_path / "secrets"),
        "proxy_certificate": str(certificate),
        "proxy_key": str(tmp_path / "other.key"),
        "model_node_driver": 999_999,
        "model_node_models": [
            {"name": "chat", "profile": "cpu-small", "folder": "large", "port": 8101}
        ],
    }
    said = playbook(
        tmp_path / "play.yml", str(tmp_path / "hosts.yml"), values, tmp_path, fails=True
    )
    for sentence in (
        "The groups database, broker and scheduler take one host each.",
        "Write firewall_control_host: a.",
        "git.example.com: rules take addresses and networks",
        "version 999999 or",
        "The bundle has no large; its models are small.",
        "Make it with `--device cuda`.",
        "has ended, or ends within a day.",
        "is not for plumbline.example.com",
        "is not the key of that certificate",
    ):
        assert sentence in said, sentence
    assert "no key" not in said
    assert said.count("changed=0") == 2
