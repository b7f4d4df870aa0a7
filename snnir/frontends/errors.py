# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Errors of the importers: what cannot be imported, and what other people's code raises."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from snnir.support.diagnostics import SNNError


class Unsupported(Exception):
    """One layer cannot be imported. The importer adds the layer's name and class.

    `reason` says why; `remedy` says what to write instead, if there is something.
    """

    def __init__(self, reason: str, remedy: str | None = None):
        super().__init__(reason if remedy is None else f"{reason}; {remedy}")
        self.reason = str(self)


class NoTimeLoop(SNNError):
    """Called so, the module has no loop over time; called in another form, it may have one."""


@contextmanager
def user_code(what: str | Callable[[], str]) -> Iterator[None]:
    """Turn whatever a user's code raises into an `SNNError` that says what was being done.

    Args:
        what: that, or what says it after the failure.

    Raises:
        SNNError: the body raised anything; the cause is chained.
    """
    try:
        yield
    except SNNError:
        raise
    except (Exception, SystemExit) as error:  # Other people's code may raise anything.
        doing = what if isinstance(what, str) else what()
        raise SNNError(f"{doing} raised {type(error).__name__}: {error}") from error
