"""What the worker and its reading children say to each other: length-prefixed MessagePack.

MessagePack with declared types, never pickle: a child that a hostile file has taken over can lie
about that file, and can make the worker do nothing else.
"""

from __future__ import annotations

import struct
from array import array
from typing import IO

import msgspec

LENGTH = struct.Struct("!I")
READY = LENGTH.pack(0)  # what a child says before its first question
MAX_ANSWER_BYTES = 256 * 1024 * 1024


class Question(msgspec.Struct, frozen=True, array_like=True):
    """One file to read."""

    oid: str
    path: str
    content: bytes
    max_bytes: int
    by_lines: bool = False  # no parser of its language: the reader died of one
    only_faults: bool = False  # say where it is no proper text of its language, and nothing else


class ChunkRow(msgspec.Struct, frozen=True, array_like=True):
    start_line: int
    end_line: int
    symbol: str
    kind: str
    context: str
    length_terms: int
    digest: bytes  # 16 bytes


class DefinitionRow(msgspec.Struct, frozen=True, array_like=True):
    name: str
    qualified: str
    kind: str
    start_line: int
    end_line: int
    signature: str


class Answer(msgspec.Struct, frozen=True, array_like=True):
    """Everything that is stored of one blob."""

    oid: str
    size_bytes: int
    language: str = ""
    line_count: int = 0
    text: str = ""
    skip_reason: str = ""
    skip_detail: str = ""
    format: str = ""
    note: str = ""
    places: list[tuple[int, str, str]] = []
    findings: list[tuple[str, str, int]] = []  # kind, rule, line
    chunks: list[ChunkRow] = []
    definitions: list[DefinitionRow] = []
    references: list[tuple[str, list[int]]] = []
    # The postings by term: term k occurs in sizes[k] chunks, whose ordinals and frequencies follow
    # one another in the two last; arrays of numbers as bytes, many times faster than objects.
    terms: bytes = b""  # int64
    sizes: bytes = b""  # int32
    ordinals: bytes = b""  # int32
    frequencies: bytes = b""  # int16
    trigrams: bytes = b""  # int32, sorted, each once
    faults: list[int] | None = None  # when asked for: lines; None: nobody can parse this
    path: str = ""  # as in the question; put here by the worker, not by the child


_questions = msgspec.msgpack.Decoder(Question)
_answers = msgspec.msgpack.Decoder(Answer)
_encoder = msgspec.msgpack.Encoder()


def numbers(code: str, content: bytes) -> array[int]:
    """Return an array of numbers from its bytes."""
    values: array[int] = array(code)
    values.frombytes(content)
    return values


def send(stream: IO[bytes], message: Question | Answer) -> None:
    content = _encoder.encode(message)
    stream.write(LENGTH.pack(len(content)))
    stream.write(content)
    stream.flush()


def receive_question(stream: IO[bytes]) -> Question | None:
    """Return the next question, None when the other side has gone."""
    content = _receive(stream)
    return None if content is None else _questions.decode(content)


def decode_answer(content: bytes) -> Answer:
    """Raise ValueError (msgspec.DecodeError, ValidationError) when it is no answer."""
    return _answers.decode(content)


def _receive(stream: IO[bytes]) -> bytes | None:
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    content = stream.read(length)
    return content if len(content) == length else None
