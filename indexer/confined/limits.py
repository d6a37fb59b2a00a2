"""What reading one document may use."""

from __future__ import annotations

CPU_S = 15
WALL_S = 20.0
START_S = 60.0  # until a child is ready for its first document
MEMORY_BYTES = 768 * 1024 * 1024  # address space
TIRED_BYTES = 300 * 1024 * 1024  # a child that holds more is replaced
ATTEMPTS = 3  # of a document whose reader died for no known reason
