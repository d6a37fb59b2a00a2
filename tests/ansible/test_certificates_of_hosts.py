"""A host's certificate names the address under which the others reach it, also when that has changed."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from cryptography import x509

from tests.ansible.rendering import playbook

pytestmark = pytest.mark.timeout(600)

MAKE = {"name": "certificates", "tasks_from": "make"}
PLAY = [
    {
        "hosts": "all",
        "gather_facts": False,
        "roles": ["site"],
        "tasks": [{"name": "Make it", "ansible.builtin.import_role": MAKE}],
    }
]


def made(folder: Path, **values: object) -> x509.Certificate:
    (folder / "play.yml").write_text(yaml.safe_dump(PLAY))
    (folder / "SHA256SUMS").touch()
    told: dict[str, object] = {"site_bundle": str(folder), "site_secrets": str(folder / "secrets")}
    playbook(folder / "play.yml", "one-host", told | values, folder)
    return x509.load_pem_x509_certificate((folder / "secrets/tls/plumbline.pem").read_bytes())


def addresses(certificate: x509.Certificate) -> set[str]:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {str(one) for one in names.get_values_for_type(x509.IPAddress)}


def test_a_host_that_gets_neighbours_gets_a_certificate_for_them(tmp_path: Path) -> None:
    alone = made(tmp_path)
    assert addresses(alone) == {"127.0.0.1"}
    reached = made(tmp_path, site_ip="10.9.9.9")
    assert addresses(reached) == {"127.0.0.1", "10.9.9.9"}
    again = made(tmp_path, site_ip="10.9.9.9")
    assert again.serial_number == reached.serial_number
    late = made(tmp_path, site_ip="10.9.9.9", certificates_renew_days=9000)
    assert late.serial_number != reached.serial_number
