"""A host's certificate names the address under which the others reach it, also when that has changed."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from cryptography import x509

from tests.ansible.rendering import playbook

pytestmark = pytest.mark.timeout(600)

# One run after the other: alone, with neighbours, again, and where certificates end soon.
RUNS: tuple[dict[str, object], ...] = (
    {},
    {"site_ip": "10.9.9.9"},
    {"site_ip": "10.9.9.9"},
    {"site_ip": "10.9.9.9", "certificates_renew_days": 9000},
)


def tasks_of(number: int, values: dict[str, object]) -> list[dict[str, object]]:
    """Make the certificate with these values, and keep what came of it."""
    made = "{{ site_secrets }}/tls/plumbline.pem"
    keep = {"src": made, "dest": f"{{{{ site_secrets }}}}/{number}.pem", "mode": "0600"}
    return [
        {
            "name": "Make it",
            "ansible.builtin.include_role": {"name": "certificates", "tasks_from": "make"},
            "vars": values,
        },
        {"name": "Keep it", "ansible.builtin.copy": keep},
    ]


def addresses(certificate: x509.Certificate) -> set[str]:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {str(one) for one in names.get_values_for_type(x509.IPAddress)}


def test_a_host_that_gets_neighbours_gets_a_certificate_for_them(tmp_path: Path) -> None:
    tasks = [task for number, values in enumerate(RUNS) for task in tasks_of(number, values)]
    play = [{"hosts": "all", "gather_facts": False, "roles": ["site"], "tasks": tasks}]
    (tmp_path / "play.yml").write_text(yaml.safe_dump(play))
    (tmp_path / "SHA256SUMS").touch()
    secrets = tmp_path / "secrets"
    values: dict[str, object] = {"site_bundle": str(tmp_path), "site_secrets": str(secrets)}
    playbook(tmp_path / "play.yml", "one-host", values, tmp_path)
    alone, reached, again, late = (
        x509.load_pem_x509_certificate((secrets / f"{number}.pem").read_bytes())
        for number in range(len(RUNS))
    )
    assert addresses(alone) == {"127.0.0.1"}
    assert addresses(reached) == {"127.0.0.1", "10.9.9.9"}
    assert again.serial_number == reached.serial_number
    assert late.serial_number != reached.serial_number
