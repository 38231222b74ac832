"""Log text made safe to look at: no character that hides, reorders or commands.

Escaping for HTML is the template's work (autoescape) and the browser's (`textContent`). What is left are characters
that are harmless to a parser and harmful to a reader: bidirectional overrides that show `gpj.exe` for `exe.jpg`,
terminal escape sequences, invisible joiners. They are replaced by a visible name.
"""

from __future__ import annotations

from typing import Final

import polars as pl

_KEEP: Final = {0x09, 0x0A}
_BIDI: Final = (
    *range(0x200B, 0x2010),  # zero-width characters and direction marks
    *range(0x202A, 0x202F),  # embeddings and overrides
    *range(0x2060, 0x2065),
    *range(0x2066, 0x206A),  # isolates
    0x061C, 0x180E, 0x2028, 0x2029, 0xFEFF,
)  # fmt: skip

_TABLE: Final[dict[int, str]] = (
    {code: chr(0x2400 + code) for code in range(0x20) if code not in _KEEP}
    | {0x7F: "\u2421"}
    | {code: f"<U+{code:04X}>" for code in range(0x80, 0xA0)}
    | {code: f"<U+{code:04X}>" for code in _BIDI}
    | {code: f"<U+{code:04X}>" for code in range(0xD800, 0xE000)}  # lone surrogates cannot be encoded
)

NEWLINE_MARK: Final = "⏎"


def visible(text: str, limit: int | None = None) -> str:
    """The text with control and direction characters shown by name, cut to `limit` characters (marked by `…`)."""
    cut = text if limit is None or len(text) <= limit else text[:limit] + "…"
    return cut.replace("\r\n", "\n").translate(_TABLE)


def one_line(text: str, limit: int | None = None) -> str:
    """Like `visible`, on one line: for tables, the terminal and Markdown."""
    cut = text if limit is None or len(text) <= limit else text[:limit] + "…"
    return visible(cut).replace("\n", NEWLINE_MARK).replace("\t", " ")


def visible_expr(column: pl.Expr, limit: int) -> pl.Expr:
    """`visible` for a text column, vectorised."""
    cut = (
        pl.when(column.str.len_chars() > limit)
        .then(column.str.slice(0, limit) + pl.lit("…"))
        .otherwise(column)
        .str.replace_all("\r\n", "\n", literal=True)
    )
    codes = [code for code in _TABLE if not 0xD800 <= code < 0xE000]  # Polars text is valid UTF-8
    return cut.str.replace_many([chr(code) for code in codes], [_TABLE[code] for code in codes])
