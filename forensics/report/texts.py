"""The product's own words in Chinese and English, read from `texts.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

Lang = Literal["zh", "en"]
LANGS: Final = ("zh", "en")
HTML_LANG: Final = {"zh": "zh-CN", "en": "en"}
DASH: Final = "—"


@cache
def load() -> dict[str, dict[str, str]]:
    """All texts by dotted key, each a dict by language (`zh`, `en`, and `en1` for a count of one)."""
    tables = tomllib.loads((Path(__file__).parent / "texts.toml").read_text(encoding="utf-8"))
    return {f"{group}.{key}": text for group, texts in tables.items() for key, text in texts.items()}


class Texts:
    """Looks texts up in one language."""

    def __init__(self, lang: Lang) -> None:
        if lang not in LANGS:
            raise ValueError(f"language must be one of {', '.join(LANGS)}, not {lang!r}")
        self.lang: Lang = lang
        self.html_lang = HTML_LANG[lang]

    def __call__(self, key: str, **values: Any) -> str:
        """The text called `key` with its `{placeholders}` filled.

        Raises:
            KeyError: there is no such text.
        """
        text = load()[key]
        chosen = text["en1"] if self.lang == "en" and "en1" in text and values.get("n") == 1 else text[self.lang]
        return chosen.format(**values) if values else chosen

    def word(self, group: str, value: str | None) -> str:
        """A value of the model in words (`word("system", "wcs")`); one without words is returned as it is."""
        if value is None or value == "":
            return DASH
        text = load().get(f"{group}.{value}")
        return text[self.lang] if text else value

    def words(self, group: str) -> dict[str, str]:
        """All words of a group by the model's value."""
        prefix = f"{group}."
        return {key[len(prefix) :]: text[self.lang] for key, text in load().items() if key.startswith(prefix)}

    def pick(self, text: Mapping[str, str] | None) -> str:
        """This language's version of a bilingual text; the other one rather than nothing."""
        if not text:
            return ""
        return text.get(self.lang) or next((text[lang] for lang in LANGS if text.get(lang)), "")

    def join(self, parts: list[str]) -> str:
        """A list in running text."""
        return ("、" if self.lang == "zh" else ", ").join(parts)
