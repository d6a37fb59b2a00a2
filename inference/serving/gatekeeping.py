"""Starting the gateway: what it is told on the command line, and how it listens."""

from __future__ import annotations

import argparse
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import uvicorn

from inference.errors import ServingFailed
from inference.fetching import sha256_of
from inference.serving.adapters import named_folder
from inference.serving.gateway import LOOPBACK, Gateway, application, check_server
from inference.serving.manifest import NAME, verify_folder
from inference.serving.profiles import get_profile, profile_names

SHORTEST_TOKEN = 32


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--profile", choices=profile_names(), required=True)
    parser.add_argument(
        "--server", required=True, help="http://127.0.0.1:PORT, or unix:PATH as launch --socket"
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument(
        "--token-file", type=Path, required=True, help="PLUMBLINE_MODEL_API_KEY of the product"
    )
    parser.add_argument("--metrics-token-file", type=Path, help="for whoever reads /metrics")
    parser.add_argument("--certificate", type=Path, help="of this host, PEM")
    parser.add_argument("--key", type=Path, help="of the certificate")
    parser.add_argument(
        "--client-ca", type=Path, help="who issued the product's certificate; others are refused"
    )
    parser.add_argument("--model", type=Path, help="its folder: verified, and told to the product")
    parser.add_argument(
        "--adapter",
        type=named_folder,
        metavar="NAME=FOLDER",
        action="append",
        default=[],
        help="as launch --adapter: verified, and told to the product; others are not served",
    )


def run(options: argparse.Namespace) -> int:
    """Serve until a signal; raises ServingFailed for what must not be opened to a network."""
    try:
        check_server(options.server)
    except ValueError as exc:
        raise ServingFailed(f"--server {exc}") from exc
    tls = tls_options(options.host, options.certificate, options.key, options.client_ca)
    profile = get_profile(options.profile)
    about = about_model(options.model) if options.model else {}
    gateway = Gateway(
        role=profile.role,
        server=options.server,
        token=token_of(options.token_file),
        metrics_token=token_of(options.metrics_token_file) if options.metrics_token_file else "",
        about={**about, "adapters": [about_adapter(*one) for one in options.adapter]},
        models=frozenset({profile.served_name, *(name for name, _ in options.adapter)}),
    )
    uvicorn.run(
        application(gateway),
        host=options.host,
        port=options.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        **tls,
    )
    return 0


def tls_options(
    host: str, certificate: Path | None, key: Path | None, client_ca: Path | None
) -> dict[str, Any]:
    """Return how uvicorn listens. Beyond this machine it is TLS with certificates on both sides."""
    given = [certificate, key, client_ca]
    if not any(given) and host in LOOPBACK:
        return {}
    if not all(given):
        raise ServingFailed(
            f"to listen on {host}, name --certificate, --key and --client-ca: what goes over the"
            " network is the company's code"
        )
    for path in given:
        if path is not None and not path.is_file():
            raise ServingFailed(f"{path} is missing")
    return {
        "ssl_certfile": str(certificate),
        "ssl_keyfile": str(key),
        "ssl_ca_certs": str(client_ca),
        "ssl_cert_reqs": ssl.CERT_REQUIRED,
    }


def token_of(path: Path) -> str:
    try:
        token = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as exc:
        raise ServingFailed(f"{path} cannot be read: {exc}") from exc
    if len(token) < SHORTEST_TOKEN:
        raise ServingFailed(f"{path}: a token has at least {SHORTEST_TOKEN} characters")
    return token


def about_model(folder: Path) -> Mapping[str, Any]:
    """Verify a model folder and return what the product is told of it; ModelFilesInvalid if wrong."""
    manifest = verify_folder(folder)
    return {
        "name": manifest.name,
        "licence": manifest.licence,
        "quantization": manifest.quantization,
        "window_tokens": manifest.window_tokens,
        "manifest_sha256": sha256_of(folder / NAME),
    }


def about_adapter(name: str, folder: Path) -> Mapping[str, Any]:
    """Verify an adapter's folder and return what the product is told of it."""
    manifest = verify_folder(folder)
    return {
        "name": name,
        "licence": manifest.licence,
        "learned_from": list(manifest.learned_from),
        "manifest_sha256": sha256_of(folder / NAME),
    }
