"""The truth of a recording, compiled from the journal by definitions, never from intentions."""

from lab.truth.compile import compile_truth

__all__ = ["compile_truth"]
