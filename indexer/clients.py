"""The only place that builds clients and policies from settings."""

from __future__ import annotations

import atexit
import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import httpx
from django.conf import settings

from indexer.confined.pool import ReaderPool
from indexer.embedding.embedder import Embedder
from indexer.embedding.recipe import Recipe
from indexer.embedding.reranker import Reranker
from indexer.fetching.policy import LocationPolicy
from indexer.fetching.values import FetchLimits
from indexer.models import Source
from indexer.reading.entries import DOCUMENT_MAX_BYTES
from indexer.succession import recipe_in_use
from indexer.weights import near_of, static_weights
from inference import minilm, static
from inference.client import ChatClient, EmbeddingClient, RerankClient
from inference.connection import (
    CONNECT_TIMEOUT_S,
    READ_TIMEOUT_S,
    Certificates,
    addresses_in,
    open_http,
)
from inference.errors import ModelNotConfigured
from inference.packages import MINILM, model_folder

LOOK_CONNECT_S, LOOK_READ_S = 1.0, 2.0  # somebody waits for what is only a look
STATIC_BATCH = 512  # texts: so fast that the statements around them would take longer


def embedder(recipe: Recipe | None = None) -> Embedder:
    """Return the embedder of a recipe, or of the one in use.

    Vectors of the model in use and of its successor are made side by side. Loading a model of
    this process happens at first use.
    """
    return _embedder(recipe or recipe_in_use())


@lru_cache(maxsize=4)
def _embedder(recipe: Recipe) -> Embedder:
    if recipe.kind == "static":
        return Embedder(
            recipe.name,
            lambda texts: _static_model(recipe.model).embed(texts),
            batch_size=STATIC_BATCH,
            near=near_of(recipe.model),
        )
    if recipe.kind == "minilm":
        return Embedder(recipe.name, lambda texts: _minilm().embed(texts), near=minilm.NEAR)
    return Embedder(
        recipe.name,
        EmbeddingClient(_http(recipe.url), recipe.model).embed,
        query_prefix=recipe.query_prefix,
        passage_prefix=recipe.passage_prefix,
        dimensions=recipe.dimensions,
        batch_size=settings.EMBEDDING_BATCH,
        concurrency=settings.EMBEDDING_CONCURRENCY,
    )


@lru_cache(maxsize=2)
def _static_model(name: str) -> static.StaticModel:
    return static.StaticModel(static_weights(name))


@lru_cache(maxsize=1)
def _minilm() -> minilm.MiniLM:
    threads = settings.EMBEDDING_THREADS or os.cpu_count() or 1
    folder = model_folder(Path(settings.PLUMBLINE_CACHE), MINILM)
    return minilm.MiniLM.load(folder, threads=threads)


@lru_cache(maxsize=1)
def chat() -> ChatClient:
    """Return the client of the chat model, or raise ModelNotConfigured."""
    if settings.CHAT_URL == "none":
        raise ModelNotConfigured()
    return ChatClient(
        _http(settings.CHAT_URL, read_timeout_s=settings.CHAT_SILENCE_LIMIT_S),
        settings.CHAT_MODEL or None,
        deadline_s=settings.ANSWER_TIME_LIMIT_S,
        has_priorities=settings.CHAT_PRIORITIES,
        has_others=len(addresses_in(settings.CHAT_URL)) > 1,
    )


@lru_cache(maxsize=1)
def chat_servers() -> Mapping[str, httpx.Client]:
    """Return a connection to each chat server by its address, for short looks at it; empty without
    one. Raises ValueError for an address or a certificate that cannot be used."""
    if settings.CHAT_URL == "none":
        return {}
    return {
        address: _http(address, connect_timeout_s=LOOK_CONNECT_S, read_timeout_s=LOOK_READ_S)
        for address in addresses_in(settings.CHAT_URL)
    }


@lru_cache(maxsize=1)
def judge() -> ChatClient | None:
    """Return the client of the model that judges answers; None: there is none."""
    if settings.JUDGE_URL == "none":
        return None
    return ChatClient(
        _http(settings.JUDGE_URL),
        settings.JUDGE_MODEL or None,
        deadline_s=settings.ANSWER_TIME_LIMIT_S,
    )


@lru_cache(maxsize=1)
def reranker() -> Reranker | None:
    """Return the reranker that the settings name; None: there is none."""
    if settings.RERANK_URL == "none":
        return None
    limit_s = settings.RERANK_TIME_LIMIT_MS / 1000
    client = RerankClient(
        _http(settings.RERANK_URL, connect_timeout_s=limit_s, read_timeout_s=limit_s),
        settings.RERANK_MODEL,
        deadline_s=limit_s,
    )
    return Reranker(settings.RERANK_MODEL, client.scores)


_open: list[httpx.Client] = []


def _http(
    addresses: str,
    *,
    connect_timeout_s: float = CONNECT_TIMEOUT_S,
    read_timeout_s: float = READ_TIMEOUT_S,
) -> httpx.Client:
    http = model_http(addresses, connect_timeout_s=connect_timeout_s, read_timeout_s=read_timeout_s)
    _open.append(http)
    return http


def model_http(
    addresses: str,
    *,
    connect_timeout_s: float = CONNECT_TIMEOUT_S,
    read_timeout_s: float = READ_TIMEOUT_S,
    api_key: str = "",
) -> httpx.Client:
    """Open a connection to model servers with the keys and certificates of the settings; the caller
    closes it. Raises ValueError for an address or a certificate that cannot be used."""
    return open_http(
        addresses,
        api_key=api_key or settings.MODEL_API_KEY or None,
        connect_timeout_s=connect_timeout_s,
        read_timeout_s=read_timeout_s,
        certificates=Certificates(
            settings.MODEL_CA_FILE, settings.MODEL_CERT_FILE, settings.MODEL_KEY_FILE
        ),
    )


def close() -> None:
    """Close every connection; the next use builds the clients from the settings anew."""
    for cached in (_embedder, chat, chat_servers, judge, reranker, _static_model, _minilm):
        cached.cache_clear()
    while _open:
        _open.pop().close()


@lru_cache(maxsize=1)
def readers() -> ReaderPool:
    """Return the children that read documents, shared by all jobs of this process."""
    pool = ReaderPool(settings.READERS or os.cpu_count() or 1)
    atexit.register(pool.close)
    return pool


def location_policy(*, from_command_line: bool, is_upload: bool = False) -> LocationPolicy:
    """Return what may be connected.

    The command line may name any path, since its user can read this machine anyway; everybody
    else only paths below the folders that the operator lists, by default none.
    """
    folders = (Path("/"),) if from_command_line else tuple(settings.GIT_ALLOWED_FOLDERS)
    if is_upload:
        folders += (settings.UPLOADS_DIR,)
    return LocationPolicy(
        schemes=frozenset({"https", "ssh"} | ({"http"} if settings.GIT_ALLOW_HTTP else set())),
        hosts=tuple(settings.GIT_ALLOWED_HOSTS),
        networks=tuple(settings.GIT_ALLOWED_NETWORKS),
        paths_allowed=bool(folders),
        path_roots=folders,
        ca_file=settings.GIT_CA_FILE,
    )


def fetch_limits() -> FetchLimits:
    return FetchLimits(
        wall_s=settings.GIT_TIME_LIMIT_S,
        disk_bytes=settings.GIT_SIZE_LIMIT_MB * 1024 * 1024,
        file_bytes=max(max_file_bytes(), DOCUMENT_MAX_BYTES),
        followed_count=settings.MAX_REFS,
    )


def mirror_of(source: Source) -> Path:
    """Return the folder of a source's bare mirror; by number, so that no name becomes a path."""
    return Path(settings.MIRRORS_DIR) / f"{source.pk}.git"


def max_file_bytes() -> int:
    return int(settings.FILE_SIZE_LIMIT_KB) * 1024
