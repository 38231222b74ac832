"""One pallet, many spellings: an SSCC with and without its application identifier, leading zeros, upper and lower case.

An SSCC is 18 digits; in a GS1-128 label it follows the application identifier `00`, in print `(00)`, and a scanner may put
the symbology (`]C1`) before it. GS1 General Specifications, section 3.3.1.
"""

from __future__ import annotations

import re
import unicodedata

_NOISE = re.compile(r"\s|[()]|^\][A-Z][0-9]")
_SSCC = 18


def pallet_key(code: str) -> str:
    """The form in which spellings of one pallet are equal: digits without application identifier and leading zeros, else upper case."""
    text = unicodedata.normalize("NFKC", code).split("\x1d")[0].strip().upper()
    digits = _NOISE.sub("", text)
    if not (digits.isascii() and digits.isdigit()):
        return text
    if len(digits) >= _SSCC + 2 and digits.startswith("00"):
        digits = digits[2 : _SSCC + 2]  # further elements of the label may follow
    return digits.lstrip("0") or "0"


def same_pallet(a: str | None, b: str | None) -> bool:
    """Whether two codes may name one pallet; False where one is missing."""
    return bool(a) and bool(b) and pallet_key(str(a)) == pallet_key(str(b))


def pallet_variants(code: str) -> tuple[str, ...]:
    """The spellings of a pallet that logs may hold, for a look-up by equality; the code itself comes first."""
    key = pallet_key(code)
    forms = [code, code.strip(), key]
    if key.isdigit():
        forms += [key.zfill(width) for width in range(len(key) + 1, _SSCC + 3)]
        sscc = key.zfill(_SSCC)
        forms += [f"(00){sscc}", f"(00) {sscc}", f"]C100{sscc}"] if len(key) <= _SSCC else []
    else:
        forms.append(key.lower())
    return tuple(dict.fromkeys(form for form in forms if form))


def pallet_key_sql(column: str) -> str:
    """`pallet_key` as a SQL expression over a column (a name from the code, never from data)."""
    text = f"upper(trim(split_part({column}, chr(29), 1)))"
    digits = rf"regexp_replace({text}, '\s|[()]|^\][A-Z][0-9]', '', 'g')"
    sscc = f"CASE WHEN length({digits}) >= 20 AND starts_with({digits}, '00') THEN substr({digits}, 3, 18) ELSE {digits} END"
    return f"CASE WHEN regexp_full_match({digits}, '[0-9]+') THEN coalesce(nullif(ltrim({sscc}, '0'), ''), '0') ELSE {text} END"
