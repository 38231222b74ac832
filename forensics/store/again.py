"""Questions that are asked once more where DuckDB itself broke off."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from forensics.store.duck import failed_inside


class Forgetful(Protocol):
    """What can let go of its connections, so that the next question begins on a new one."""

    def forget(self) -> None:
        """Let go of them."""


Asked = TypeVar("Asked", bound=Forgetful)
Given = ParamSpec("Given")
Answer = TypeVar("Answer")


def asked_twice(ask: Callable[Concatenate[Asked, Given], Answer]) -> Callable[Concatenate[Asked, Given], Answer]:
    """A question that is asked once more, on a new connection, where DuckDB itself broke off."""

    @wraps(ask)
    def asking(asked: Any, /, *args: Given.args, **named: Given.kwargs) -> Answer:
        try:
            return ask(asked, *args, **named)
        except Exception as error:
            if not failed_inside(error):
                raise
            asked.forget()
        return ask(asked, *args, **named)

    return asking
