"""What can go wrong between the outside world and the corpus.

IndexerError
  FetchError         a repository could not be brought in
    FetchFailed      the remote did not answer as it should: trying again may help
    FetchRefused     policy, address or credential is wrong: trying again will not help
      LocationRefused  the address itself may not be connected
  SyncInProgress     another job holds this source
  LeaseLost          another worker took this job over: stop, write nothing
  JobYielded         others wait: stop here, go on later
  SourcePaused       an administrator paused the source: stop here
  ContentVanished    content was pruned while it was being published: read it again
"""

from __future__ import annotations


class IndexerError(Exception):
    """The corpus could not do what was asked."""


class FetchError(IndexerError):
    """The repository could not be brought in."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)  # both, so that the error survives pickling
        self.code = code  # stable and short, for programs: "url_scheme_not_allowed"
        self.message = message  # for people: what is wrong and what to do

    def __str__(self) -> str:
        return self.message


class FetchFailed(FetchError):
    """The repository could not be fetched now; trying again may help."""


class FetchRefused(FetchError):
    """The repository may not or cannot be fetched; trying again will not help."""


class LocationRefused(FetchRefused):
    """The address may not be connected."""


class SyncInProgress(IndexerError):
    """Another job is syncing this source."""


class LeaseLost(IndexerError):
    """Another worker has taken this job over."""


class JobYielded(IndexerError):
    """The job makes room for others that wait."""


class SourcePaused(IndexerError):
    """The source is paused."""


class ContentVanished(IndexerError):
    """Content went while it was being published."""
