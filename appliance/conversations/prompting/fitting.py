"""Which lines of what was found go into a prompt, and how much around them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from appliance.conversations.checking.windows import smallest_around
from appliance.conversations.evidence import CitedDocument, DocumentOf, EvidenceLines
from appliance.conversations.prompting.assembling import block_of
from indexer.retrieval.hits import Hit
from indexer.spans import Span

# A function of this many tokens tells its story; a longer chunk is cut to what fits.
SMALLEST_CUT_TOKENS = 120
SMALLEST_CUT_LINES = 3
MAX_EVIDENCE = 12
# A place with what stands around it may take so much of the room; else what was found alone.
SURROUNDED_SHARE = 0.125
# Of the room, for one file given whole. All evidence together stays below the prompt's limit: more
# context than a question needs makes answers worse (arXiv 2510.05381).
WHOLE_FILE_SHARE = 0.25
WHOLE_FILE_LINES = 300
BETWEEN_BLOCKS = 2  # tokens

Count = Callable[[str], int]
Ahead = Callable[[Sequence[str]], None]


@dataclass(frozen=True, slots=True)
class Fitted:
    """One piece with its cost, and why it looks as it does."""

    piece: EvidenceLines
    tokens: int
    why: str


@dataclass(frozen=True, slots=True)
class _Growth:
    """What the pieces of one file may grow to."""

    of_file: tuple[Fitted, ...]
    whole: EvidenceLines | None  # None: it is too long
    definitions: tuple[tuple[Fitted, EvidenceLines], ...]

    @classmethod
    def of(cls, of_file: Sequence[Fitted], document: CitedDocument) -> _Growth:
        grown = ((one, _definition(one.piece, document)) for one in of_file)
        return cls(
            tuple(of_file),
            _whole(of_file[0].piece, document),
            tuple((one, piece) for one, piece in grown if piece is not None),
        )

    @property
    def pieces(self) -> list[EvidenceLines]:
        """Return what is counted to decide."""
        is_whole = self.whole is not None and self.whole.span == self.of_file[0].piece.span
        if is_whole:
            return []
        return [*filter(None, [self.whole]), *(piece for _, piece in self.definitions)]


def _whole(piece: EvidenceLines, document: CitedDocument) -> EvidenceLines | None:
    lines = document.text.rstrip("\n").split("\n")
    if len(lines) > WHOLE_FILE_LINES:
        return None
    return replace(piece, span=Span(1, len(lines)), text="\n".join(lines), symbol="")


def _definition(piece: EvidenceLines, document: CitedDocument) -> EvidenceLines | None:
    smallest = smallest_around(piece.span, [d for d in document.definitions if d != piece.span])
    if smallest is None:
        return None
    return replace(piece, span=smallest, text="\n".join(smallest.lines_of(document.text)))


@dataclass(slots=True)
class Fitting:
    """Evidence while it is fitted into a room; best first."""

    room: int
    count: Count
    ahead: Ahead = lambda texts: None  # given what will be counted, before it is
    fitted: list[Fitted] = field(default_factory=list)
    left_out: list[Fitted] = field(default_factory=list)
    left: int = field(init=False)  # tokens

    def __post_init__(self) -> None:
        self.left = self.room

    def take(self, hits: Sequence[Hit]) -> None:
        """Take hits in their order as long as there is room."""
        self.ahead(
            [
                block_of(EvidenceLines.from_hit(f"E{number}", hit))
                for number, hit in enumerate(hits[:MAX_EVIDENCE], start=1)
            ]
        )
        for hit in hits:
            piece = EvidenceLines.from_hit(f"E{len(self.fitted) + 1}", hit)
            if len(self.fitted) == MAX_EVIDENCE:
                self._leave(piece, f"More than {MAX_EVIDENCE} passages: the best came first.")
            elif self.left < SMALLEST_CUT_TOKENS:
                self._leave(piece, "No room was left: what was found before it came first.")
            else:
                self._take(piece, hit)

    def _take(self, piece: EvidenceLines, hit: Hit) -> None:
        tokens, why = self.cost(piece), "Found by the search."
        surrounded = self.room * SURROUNDED_SHARE
        if tokens > surrounded and hit.core and hit.core != hit.span:
            piece = piece.narrowed_to(hit.core)
            tokens, why = self.cost(piece), "Found by the search; without the lines around it."
        if tokens > self.left:
            # Skip instead of stop would hide the best hit behind worse ones: cut it.
            cut = _cut(piece, self.left, tokens, self.cost)
            if cut is None:
                self._leave(piece, "Its first lines did not fit into the room that was left.")
                return
            piece, tokens, why = *cut, "Found by the search; cut to what fits."
        self._add(Fitted(piece, tokens, why))

    def grow(self, document_of: DocumentOf) -> None:
        """Spend what room is left: files that fit whole, else definitions around what was found."""
        grows = [f for f in self.fitted if not f.piece.note]  # what a curator chose stays as it is
        growths: list[_Growth] = []
        for path in dict.fromkeys((f.piece.source_id, f.piece.path) for f in grows):
            of_file = [f for f in grows if (f.piece.source_id, f.piece.path) == path]
            document = document_of(of_file[0].piece)
            if document is not None:
                growths.append(_Growth.of(of_file, document))
        self.ahead([block_of(piece) for growth in growths for piece in growth.pieces])
        for growth in growths:
            if not self._give_whole(growth):
                for one, definition in growth.definitions:
                    self._give_definition(one, definition)
        self.fitted = [
            replace(f, piece=replace(f.piece, handle=f"E{number}"))
            for number, f in enumerate(self.fitted, start=1)
        ]

    def _give_whole(self, growth: _Growth) -> bool:
        of_file, whole = growth.of_file, growth.whole
        if whole is None:
            return False
        if whole.span == of_file[0].piece.span:
            return True
        tokens = self.cost(whole)
        freed = sum(f.tokens for f in of_file)
        if tokens > self.room * WHOLE_FILE_SHARE or tokens > self.left + freed:
            return False
        at = self.fitted.index(of_file[0])
        self.left += freed - tokens
        self.fitted = [f for f in self.fitted if f not in of_file]
        self.fitted.insert(at, Fitted(whole, tokens, "The whole file: it is short."))
        return True

    def _give_definition(self, one: Fitted, grown: EvidenceLines) -> None:
        tokens = self.cost(grown)
        if tokens <= self.room * SURROUNDED_SHARE and tokens <= self.left + one.tokens:
            self.left += one.tokens - tokens
            at = self.fitted.index(one)
            self.fitted[at] = Fitted(
                grown, tokens, "Grown to the definition around what was found."
            )

    def drop_last(self) -> None:
        """Take the weakest piece out again."""
        dropped = self.fitted.pop()
        self.left += dropped.tokens
        self._leave(dropped.piece, "No room was left: what was found before it came first.")

    def cost(self, piece: EvidenceLines) -> int:
        return self.count(block_of(piece)) + BETWEEN_BLOCKS

    def _add(self, fitted: Fitted) -> None:
        self.fitted.append(fitted)
        self.left -= fitted.tokens

    def _leave(self, piece: EvidenceLines, why: str) -> None:
        handle = f"X{len(self.left_out) + 1}"
        self.left_out.append(Fitted(replace(piece, handle=handle), 0, why))


def _cut(
    evidence: EvidenceLines, room: int, tokens: int, cost: Callable[[EvidenceLines], int]
) -> tuple[EvidenceLines, int] | None:
    """Return the first lines of a chunk that fit, or None when too little would be left."""
    start = evidence.span.start_line
    lines = evidence.span.end_line - start + 1
    kept = int(lines * room / tokens * 0.9)
    while kept >= SMALLEST_CUT_LINES:
        piece = evidence.narrowed_to(Span(start, start + kept - 1))
        tokens = cost(piece)
        if tokens <= room:
            return piece, tokens
        kept //= 2  # the first lines are the long ones
    return None
