"""What can go wrong between us and a model.

InferenceError
  ModelUnavailable    nobody answered, not in time or not to the end: retrying may help
  RequestRejected     the server said no: retrying will not help
  ModelNotConfigured  there is no model to ask, and that is how it was set up
  ModelFilesInvalid   what was fetched or found is not the model that was asked for
  ServingFailed       the model server cannot be installed or started on this machine
  QuantizationFailed  a model cannot be quantized or compared as it was asked
  AdapterFailed       an adapter cannot be trained as it was asked
"""

from __future__ import annotations


class InferenceError(Exception):
    """The model could not do what was asked."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.__class__.__doc__)


class ModelUnavailable(InferenceError):
    """The model server did not answer; trying again may help."""


class RequestRejected(InferenceError):
    """The model server refused the request; trying again will not help."""


class ModelNotConfigured(InferenceError):
    """No model is configured."""


class ModelFilesInvalid(InferenceError):
    """The model's files are not what they should be."""


class ServingFailed(InferenceError):
    """The model server cannot run on this machine as it is."""


class QuantizationFailed(InferenceError):
    """The model cannot be quantized or compared."""


class AdapterFailed(InferenceError):
    """The adapter cannot be trained."""
