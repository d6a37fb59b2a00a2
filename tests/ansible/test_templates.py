"""What the templates become for each host of the example inventories."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from inference.egress.targets import PUBLIC, targets_from
from tests.ansible.rendering import INVENTORIES, Site, render

PRODUCT_UNITS = (
    "plumbline-web.service",
    "plumbline-worker.service",
    "plumbline-worker-embed.service",
    "plumbline-worker-ask.service",
    "plumbline-scheduler.service",
)
CLOSED = (
    "NoNewPrivileges=yes",
    "CapabilityBoundingSet=",
    "ProtectSystem=strict",
    "ProtectHome=yes",
    "PrivateTmp=yes",
    "RestrictSUIDSGID=yes",
    "SystemCallArchitectures=native",
    "IPAddressDeny=any",
    "LimitCORE=0",
)

# What no example holds, since no bundle has it: an adapter beside the small model.
ADAPTED: dict[str, object] = {
    "model_node_models": [
        {"name": "chat", "profile": "cpu-small", "folder": "small", "port": 8101,
         "adapters": [{"name": "shop", "folder": "shop-style"}, {"name": "till", "folder": "till-style"}]}
    ]
}  # fmt: skip

pytestmark = pytest.mark.timeout(1800)


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Site]:
    others: dict[str, dict[str, object]] = {
        "cpu-only": ADAPTED, "gpu-site": {"firewall_monitoring_from": ["10.1.0.99"]}
    }  # fmt: skip
    return {
        name: render(name, tmp_path_factory.mktemp(name), others.get(name)) for name in INVENTORIES
    }


def every_file(sites: dict[str, Site], name: str) -> list[str]:
    texts = [site.text(host, name) for site in sites.values() for host in site.hosts]
    assert texts
    return texts


def test_each_service_has_its_own_user_and_limits(sites: dict[str, Site]) -> None:
    for site in sites.values():
        for host in site.hosts:
            for name in PRODUCT_UNITS:
                unit = site.text(host, name)
                service = name.removesuffix(".service").split("-")[-1].replace("embed", "worker")
                assert f"User=plumbline-{service}\n" in unit
                assert re.search(r"^MemoryMax=\d+M$", unit, re.M)
                assert re.search(r"^TasksMax=\d+$", unit, re.M)


def test_the_sandboxes_are_closed(sites: dict[str, Site]) -> None:
    models = [
        path.read_text()
        for site in sites.values()
        for path in site.folder.glob("*/model-*.service")
    ]
    assert len(models) == 8  # three on graphics cards, one on a processor, and a gateway of each
    for text in [*every_file(sites, "sandbox.conf"), *models]:
        for line in CLOSED:
            assert f"\n{line}\n" in text, line


def test_secrets_reach_the_services_as_credentials_only(sites: dict[str, Site]) -> None:
    for name, site in sites.items():
        secrets = site.folder.parent / "secrets"
        values = [path.read_text().strip() for path in secrets.iterdir()]
        assert len(values) == 6, name  # in templates, and in files of root
        for path in site.folder.glob("*/*"):
            # Fed to psql; mode 0600.
            if path.name in {"database.sql", "following.sql"}:
                continue
            assert not [value for value in values if value in path.read_text()], path
        sandbox = site.text(site.hosts[0], "sandbox.conf")
        for credential in ("secret-key", "database-url", "broker-url", "model-api-key"):
            assert f"LoadCredential={credential}:/etc/plumbline/secrets/{credential}\n" in sandbox


def test_an_empty_inventory_entry_opens_nothing(sites: dict[str, Site]) -> None:
    """Each chain of a service lists exact places and ends in a drop that is counted."""
    for rules in every_file(sites, "nftables.conf"):
        assert rules.count("policy drop;") == 2
        chains = re.findall(r"chain (out_\w+) \{\n(.*?)\n    \}", rules, re.S)
        assert {"out_others"} < {name for name, _ in chains} | {"x"}
        for name, body in chains:
            *rest, last = body.strip().splitlines()
            assert re.fullmatch(rf"\s*counter name dropped_{name[4:]} drop", last), name
            for line in rest:
                if "accept" in line:
                    assert "ip daddr {" in line or "ip daddr @reached tcp dport 22" in line, line
                    assert "0.0.0.0/0" not in line, line


def test_what_the_services_try_is_counted_apart(sites: dict[str, Site]) -> None:
    """The firewall names the same public addresses as the product tries."""
    tried = {one.host for one in targets_from(PUBLIC) if one.kind != "name"}
    for rules in every_file(sites, "nftables.conf"):
        for name, body in re.findall(r"chain (out_\w+) \{\n(.*?)\n    \}", rules, re.S):
            apart = re.findall(r"ip6? daddr \{ ([^}]+) \} counter name probes_(\w+) drop", body)
            assert {one for addresses, _ in apart for one in addresses.split(", ")} == tried
            assert {of for _, of in apart} == {name[4:]}
            assert body.index("counter name probes_") > body.rfind(" accept")


def test_services_and_model_servers_prove_that_they_cannot_get_out(sites: dict[str, Site]) -> None:
    for settings in every_file(sites, "settings.env"):
        assert "\nPLUMBLINE_EGRESS=enforce\n" in settings
    units = [path for site in sites.values() for path in site.folder.glob("*/model-server-*")]
    assert units
    for unit in units:
        assert re.search(r"^ExecStartPre=/\S+/python -m inference.egress$", unit.read_text(), re.M)


def test_backups_go_where_the_site_says(sites: dict[str, Site]) -> None:
    for unit in every_file(sites, "plumbline-backup.service"):
        assert "manage.py backup /var/backups/plumbline\n" in unit
    # A key in an example would be one that nobody has the other half of.
    for settings in every_file(sites, "settings.env"):
        assert "RECIPIENTS" not in settings


def test_the_host_that_runs_the_playbook_alone_reaches_the_others(sites: dict[str, Site]) -> None:
    site = sites["gpu-site"]
    reached = {host: addresses(site.text(host, "nftables.conf"), "reached") for host in site.hosts}
    assert {host for host, who in reached.items() if who} == {"web1"}
    assert len(reached["web1"].split(", ")) == len(site.hosts)


def addresses(rules: str, name: str) -> str:
    """Return who is in a named set."""
    [body] = re.findall(rf"set {name} \{{(.*?)\n    \}}", rules, re.S)
    return "".join(re.findall(r"elements = \{ (.*) \}", body))


def test_only_clients_reach_database_queue_and_models(sites: dict[str, Site]) -> None:
    site = sites["gpu-site"]
    clients = "10.20.0.11, 10.20.0.13, 10.20.0.14"
    for host, who, port in (("db1", "database_clients", 5432), ("gpu1", "clients", 8443)):
        rules = site.text(host, "nftables.conf")
        assert f"ip saddr @{who} tcp dport {port} accept" in rules
        assert addresses(rules, who) == clients
    for host in ("web1", "worker1", "gpu1"):
        assert (
            "tcp dport 5432 accept"
            not in re.findall(
                r"chain input \{(.*?)\n    \}", site.text(host, "nftables.conf"), re.S
            )[0]
        )
    hba = site.text("db1", "pg_hba.conf")
    assert "hostssl plumbline  plumbline  10.20.0.13/32  scram-sha-256" in hba
    assert not re.search(r"^host\s|trust|0\.0\.0\.0", hba, re.M)


def test_a_replica_is_reached_by_those_who_reach_the_database(sites: dict[str, Site]) -> None:
    site = sites["two-of-each"]
    clients = "10.30.0.11, 10.30.0.12, 10.30.0.21, 10.30.0.22, 10.30.0.31, 10.30.0.32"
    for host in ("db1", "db2"):
        rules = site.text(host, "nftables.conf")
        assert addresses(rules, "database_clients") == clients
        [chain] = re.findall(r"chain out_postgres \{\n(.*?)\n    \}", rules, re.S)
        assert "ip daddr { 10.30.0.21, 10.30.0.22 } tcp dport { 5432 } accept" in chain
        hba = site.text(host, "pg_hba.conf")
        assert "hostssl replication plumbline_replicator 10.30.0.22/32 scram-sha-256" in hba
        assert "max_slot_wal_keep_size = 16384MB" in site.text(host, "plumbline.conf")
    for host in sites["one-host"].hosts:
        assert "replicat" not in sites["one-host"].text(host, "pg_hba.conf")


def test_the_archive_alone_is_given_the_right_to_copy_the_database(sites: dict[str, Site]) -> None:
    site = sites["two-of-each"]
    unit = site.text("worker2", "plumbline-archive.service")
    assert "manage.py archive /mnt/plumbline-archive\n" in unit
    assert "LoadCredential=replication-url:/etc/plumbline/secrets/replication-url\n" in unit
    for name in (*PRODUCT_UNITS, "sandbox.conf", "settings.env"):
        assert "replication" not in site.text("worker2", name)


def test_each_service_may_go_only_where_the_inventory_says(sites: dict[str, Site]) -> None:
    rules = sites["gpu-site"].text("worker1", "nftables.conf")
    chain = dict(re.findall(r"chain (out_\w+) \{\n(.*?)\n    \}", rules, re.S))
    git = 'ip daddr { 10.1.0.20 } tcp dport { 443, 22 } accept comment "git"'
    assert git in chain["out_worker"]
    assert git not in chain["out_web"]
    assert git not in chain["out_others"]
    assert "10.1.0.30" not in chain["out_scheduler"]


def test_who_answers_people_does_not_reach_git_hosts(sites: dict[str, Site]) -> None:
    rules = sites["gpu-site"].text("worker1", "nftables.conf")
    chain = dict(re.findall(r"chain (out_\w+) \{\n(.*?)\n    \}", rules, re.S))
    assert "10.1.0.20" not in chain["out_ask"]
    assert 'ip daddr { 10.1.0.25 } tcp dport { 587 } accept comment "mail"' in chain["out_ask"]
    assert "10.1.0.25" not in chain["out_worker"]
    assert 'meta skuid "plumbline-ask" goto out_ask' in rules


def test_model_servers_are_reached_through_their_gateway_alone(sites: dict[str, Site]) -> None:
    for site in sites.values():
        for path in site.folder.glob("*/model-server-*"):
            name = path.name.removeprefix("model-server-").removesuffix(".service")
            server = path.read_text()
            gateway = path.with_name(f"model-gateway-{name}.service").read_text()
            socket = f"/run/model-server-{name}/server.sock"
            assert f" --socket {socket} --verified" in server
            assert f" --server unix:{socket} --port " in gateway
            assert "--port" not in server
            assert "\nLoadCredential=key:/etc/plumbline/secrets/model-api-key\n" in gateway
            assert " --token-file %d/key " in gateway
            users = [re.findall(r"^User=(.*)$", text, re.M) for text in (server, gateway)]
            assert users == [["model-server"], ["model-gateway"]]


def test_adapters_are_served_and_told_of(sites: dict[str, Site]) -> None:
    ends = " --adapter shop=/srv/models/shop-style --adapter till=/srv/models/till-style\n"
    for program in ("server", "gateway"):
        assert ends in sites["cpu-only"].text("plumbline", f"model-{program}-chat.service")
        assert "--adapter" not in sites["gpu-site"].text("gpu1", f"model-{program}-chat.service")


def test_the_model_servers_are_reached_with_a_certificate_of_the_site(
    sites: dict[str, Site],
) -> None:
    settings = sites["gpu-site"].text("gpu2", "nginx.conf")
    assert settings.count("ssl_verify_client on;") == 1
    assert "ssl_client_certificate /etc/plumbline/tls/authority.pem;" in settings
    shown = (
        "PLUMBLINE_MODEL_CERT_FILE=/etc/plumbline/tls/host.pem PLUMBLINE_MODEL_KEY_FILE=%d/host-key"
    )
    assert shown in sites["gpu-site"].text("worker1", "sandbox.conf")
    for name in ("cpu-only", "two-of-each"):
        assert "host-key" not in sites[name].text(sites[name].hosts[0], "sandbox.conf")


def test_the_proxy_in_front_of_the_gateways_offers_few_paths(sites: dict[str, Site]) -> None:
    settings = sites["gpu-site"].text("gpu2", "nginx.conf")
    assert "location ~ ^/embed(/v1/(?:models|chat/completions|embeddings)|" in settings
    assert "listen 10.20.0.22:8443 ssl;" in settings
    assert "8443" not in sites["cpu-only"].text("plumbline", "nginx.conf")


def test_logs_hold_no_questions(sites: dict[str, Site]) -> None:
    for settings in every_file(sites, "nginx.conf"):
        (form,) = re.findall(r"log_format plain '(.*)';", settings)
        assert not re.search(r"\$(args|query_string|request_uri|request|http_\w+)\b", form)
    for settings in every_file(sites, "plumbline.conf"):
        assert "log_min_error_statement = panic" in settings
        assert "log_destination = 'syslog'" in settings  # and so to the journal, with its limits


@pytest.mark.skipif(shutil.which("nginx") is None, reason="needs nginx")
def test_nginx_takes_its_settings(sites: dict[str, Site], tmp_path: Path) -> None:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-noenc", "-subj", "/CN=x",
         "-keyout", tmp_path / "key", "-out", tmp_path / "pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    for number, text in enumerate(every_file(sites, "nginx.conf")):
        text = text.replace("/etc/nginx/plumbline.key", str(tmp_path / "key"))
        text = text.replace("/etc/nginx/plumbline.pem", str(tmp_path / "pem"))
        text = text.replace("/etc/plumbline/tls/authority.pem", str(tmp_path / "pem"))
        text = text.replace("pid /run/nginx.pid", f"pid {tmp_path}/pid")
        # Newer than the oldest nginx that tests meet; Debian 13 has 1.26.
        text = text.replace("        http2 on;\n", "")
        # An address of another machine can only be listened on there.
        text = re.sub(r"listen 10[.0-9]+:8443", "listen 127.0.0.1:8443", text)
        path = tmp_path / f"{number}.conf"
        path.write_text(text)
        done = subprocess.run(["nginx", "-t", "-c", path], capture_output=True, text=True)
        assert "syntax is ok" in done.stderr, done.stderr


@pytest.mark.skipif(shutil.which("nft") is None, reason="needs nftables")
def test_nft_takes_the_rules(sites: dict[str, Site], tmp_path: Path) -> None:
    for number, text in enumerate(every_file(sites, "nftables.conf")):
        path = tmp_path / f"{number}.nft"
        path.write_text(
            re.sub(r'skuid "[\w-]+"', 'skuid "nobody"', text).replace('"www-data"', '"nobody"')
        )
        done = subprocess.run(["nft", "--check", "--file", path], capture_output=True, text=True)
        if "Operation not permitted" in done.stderr:
            pytest.skip("nft may not look at this machine's rules")
        assert done.returncode == 0, done.stderr


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_takes_the_units(sites: dict[str, Site], tmp_path: Path) -> None:
    for site in sites.values():
        for path in site.folder.glob("*/*.service"):
            # The programs are not on this machine; everything else must hold.
            text = re.sub(r"^(Exec\w+=)\S+", r"\1/bin/true", path.read_text(), flags=re.M)
            text = re.sub(r"^WorkingDirectory=.*$", "WorkingDirectory=/", text, flags=re.M)
            (tmp_path / path.name).write_text(text)
            done = subprocess.run(
                ["systemd-analyze", "verify", "--man=no", tmp_path / path.name],
                capture_output=True, text=True,
            )  # fmt: skip
            said = [line for line in done.stderr.splitlines() if path.name in line]
            assert said == [], said


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_rates_the_sandboxes(sites: dict[str, Site], tmp_path: Path) -> None:
    """Of ten points of exposure, where 9.6 is a service without any sandbox."""
    folder = tmp_path / "etc/systemd/system"
    sandbox = folder / "plumbline-.service.d/10-sandbox.conf"
    sandbox.parent.mkdir(parents=True)
    sandbox.write_text(sites["two-of-each"].text("worker2", "sandbox.conf"))
    units = [*sites["two-of-each"].folder.glob("worker2/*.service"),
             *sites["gpu-site"].folder.glob("gpu1/model-*.service"),
             *sites["cpu-only"].folder.glob("*/model-*.service")]  # fmt: skip
    assert len(units) == 13
    for unit in units:
        (folder / unit.name).write_text(unit.read_text())
        assert _exposed(tmp_path, unit.name) == "", unit
    sandbox.write_text("")
    assert "exposure level" in _exposed(tmp_path, "plumbline-web.service")


def _exposed(root: Path, unit: str) -> str:
    """Return what systemd says of a unit that is more exposed than we allow, else nothing."""
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", f"--root={root}", "--threshold=30", unit],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "exposure level" in done.stdout + done.stderr, done.stderr
    return "" if done.returncode == 0 else done.stdout


def test_commands_reach_the_folders_of_backups_and_nothing_else(sites: dict[str, Site]) -> None:
    """docs/backup.md has `plumbline archive FOLDER --base` on the host of the scheduler."""
    archiving = sites["two-of-each"].text("worker2", "commands.conf")
    assert "\nReadWritePaths=-/mnt/plumbline-archive\n" in archiving
    assert "\nLoadCredential=replication-url:/etc/plumbline/secrets/replication-url\n" in archiving
    without = sites["one-host"].text("plumbline", "commands.conf").splitlines()[2:]
    assert without == ["[Service]", "ReadWritePaths=-/var/backups/plumbline"]


def test_prometheus_reaches_what_the_docs_have_it_ask(sites: dict[str, Site]) -> None:
    site = sites["gpu-site"]
    measured = {
        host: re.findall(
            r"ip saddr \{ 10\.1\.0\.99 \} tcp dport \{ ([\d, ]+) \} accept",
            site.text(host, "nftables.conf"),
        )
        for host in ("db1", "web1", "worker1", "gpu1")
    }
    assert measured == {"db1": ["9100, 9187"], "web1": ["9100, 443"], "worker1": ["9100"], "gpu1": ["9100, 8443"]}  # fmt: skip


def test_services_know_who_starts_them_and_which_certificates_end(sites: dict[str, Site]) -> None:
    site = sites["two-of-each"]
    named = (
        "PLUMBLINE_CERTIFICATE_FILES=/etc/plumbline/tls/authority.pem,/etc/plumbline/tls/host.pem"
    )
    assert f"\n{named}\n" in site.text("worker1", "settings.env")
    assert f"\n{named},/etc/nginx/plumbline.pem\n" in site.text("web1", "settings.env")
    assert "\nPLUMBLINE_STARTED_BY=systemd\n" in site.text("worker1", "settings.env")
