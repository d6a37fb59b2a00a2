"""The only place that builds clients and policies from settings."""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import httpx
from django.conf import settings

from indexer.confined.pool import ReaderPool
from indexer.embedding.embedder import Embedder, Vectors
from indexer.fetching.policy import LocationPolicy
from indexer.fetching.values import FetchLimits
from indexer.models import Source
from indexer.reading.entries import DOCUMENT_MAX_BYTES
from inference import minilm
from inference.client import ChatClient, EmbeddingClient
from inference.connection import open_http
from inference.errors import ModelNotConfigured
from inference.packages import model_folder


@lru_cache(maxsize=1)
def embedder() -> Embedder:
    """Return the embedder that the settings name; loading a local model happens at first use."""
    if settings.EMBEDDING == "server":
        http = _http(settings.EMBEDDING_URL)
        compute: Callable[[list[str]], Vectors] = EmbeddingClient(
            http, settings.EMBEDDING_MODEL
        ).embed
        model = settings.EMBEDDING_MODEL
    else:
        compute, model = _local_compute, minilm.MODEL_NAME
    return Embedder(model, compute, query_prefix=settings.EMBEDDING_QUERY_PREFIX)


def _local_compute(texts: list[str]) -> Vectors:
    return [list(map(float, vector)) for vector in _local_model().embed(texts)]


@lru_cache(maxsize=1)
def _local_model() -> minilm.MiniLM:
    threads = settings.EMBEDDING_THREADS or os.cpu_count() or 1
    folder = model_folder(Path(settings.PLUMBLINE_CACHE), "all-minilm-l6-v2")
    return minilm.MiniLM.load(folder, threads=threads)


@lru_cache(maxsize=1)
def chat() -> ChatClient:
    """Return the client of the chat model, or raise ModelNotConfigured."""
    if settings.CHAT_URL == "none":
        raise ModelNotConfigured()
    return ChatClient(
        _http(settings.CHAT_URL),
        settings.CHAT_MODEL or None,
        deadline_s=settings.ANSWER_TIME_LIMIT_S,
    )


_open: list[httpx.Client] = []


def _http(url: str) -> httpx.Client:
    http = open_http(url, api_key=settings.MODEL_API_KEY or None)
    _open.append(http)
    return http


def close() -> None:
    """Close every connection; the next use builds the clients from the settings anew."""
    for cached in (embedder, chat, _local_model):
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
