"""Scanned codes ─▶ what they say: GS1 labels, article numbers, labels of one's own; and what is wrong with them by themselves.

What a bare in-house code (`TP000123`) is, only the other records of the case can tell: the view `scans`. Work is done once per
distinct code.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from forensics.formats import gs1
from forensics.formats.columns import constant
from forensics.formats.labels import Label
from forensics.formats.quantity import parse
from forensics.formats.regex import ascii_classes

COLUMNS: Final = ("pallet", "location", "sku", "batch", "serial", "qty", "partner_doc")
EXTRAS: Final = (
    "barcode_type", "barcode_problem", "symbology", "gtin", "expiry", "best_before", "produced", "packed", "net_weight_kg", "gln",
)  # fmt: skip
"""What a code may fill: columns, and names in `extra`. `barcode_problem` has words joined by blanks: `check-digit`, `incomplete` (cut
off, or no GS1 label at all where the scanner says so), `date` (no such day), `separator-lost`."""

_PREFIX: Final = r"^\]([A-Za-z][0-9A-Za-z])"
_GS1_SYMBOLS: Final = ("C1", "d2", "Q3", "e0", "J1")  # GS1-128, DataMatrix, QR, DataBar, DotCode: they begin with an AI
_EAN_SYMBOLS: Final = ("E0", "E1", "E2", "E3", "E4", "I1", "I2")
_VISIBLE: Final = r"[|~^#@$`{}\[\]]"
"""Characters that keyboard wedges put for a separator; a GS1 label itself cannot have them."""
_BARE: Final = r"^(?:00[0-9]{18}|0[12][0-9]{14})"
_AIS: Final = {
    "00": "pallet", "01": "gtin", "02": "gtin", "10": "batch", "21": "serial", "30": "qty", "37": "qty", "400": "partner_doc", "414": "gln",
    "11": "produced", "13": "packed", "15": "best_before", "17": "expiry",
}  # fmt: skip
_CHECKED: Final = ("00", "01", "02", "414")
_DATES: Final = ("11", "13", "15", "17")


def read(codes: pl.Series, labels: Sequence[Label] = ()) -> dict[str, pl.Series]:
    """What scanned codes say.

    Args:
        codes: as scanned; null where nothing was.
        labels: layouts of one's own, tried before the standards; the first that fits a code wins.

    Returns:
        Name (of COLUMNS, EXTRAS, or a label's own) ─▶ series as long as `codes`; `qty` decimal, all others text. Only names with a value.
    """
    distinct = codes.drop_nulls().unique()
    if distinct.is_empty():
        return {}
    symbol = distinct.str.extract(_PREFIX, 1)
    bare = distinct.str.replace(_PREFIX, "").str.strip_chars()
    says = _own(bare, labels)
    rest = says["barcode_type"].is_null() if "barcode_type" in says else constant(True, len(bare), pl.Boolean)
    for name, values in _standard(bare, symbol, rest).items():
        before = says.get(name)
        says[name] = values if before is None else before.zip_with(before.is_not_null(), values)
    says["symbology"] = symbol
    found = pl.DataFrame({name: values for name, values in says.items() if values.null_count() < len(values)})
    if not found.columns:
        return {}
    joined = pl.DataFrame({"code": codes}).join(
        found.with_columns(distinct.alias("code")), on="code", how="left", maintain_order="left"
    )
    out = {name: joined[name] for name in joined.columns if name != "code"}
    return {name: parse(values).value if name == "qty" else values for name, values in out.items()}


def _own(bare: pl.Series, labels: Sequence[Label]) -> dict[str, pl.Series]:
    """The parts of codes that fit a declared layout."""
    says: dict[str, pl.Series] = {}
    open_ = constant(True, len(bare), pl.Boolean)
    for label in labels:
        groups = bare.str.extract_groups(ascii_classes(label.regex)).struct.unnest()
        fits = open_ & bare.str.contains(ascii_classes(label.regex))
        if not fits.any():
            continue
        parts = {name: groups[name].str.strip_chars() for name in label.parts} | {
            "barcode_type": constant(label.name, len(bare))
        }
        wrong = constant(False, len(bare), pl.Boolean)
        for name, form in label.dates.items():
            if name in parts:
                day = parts[name].str.strptime(pl.Date, form, strict=False).dt.strftime("%Y-%m-%d")
                wrong |= fits & day.is_null() & parts[name].is_not_null()
                parts[name] = day
        if wrong.any():
            parts["barcode_problem"] = constant(None, len(bare)).set(wrong, "date")
        for name, values in parts.items():
            mine = values.set(~fits | (values == "").fill_null(False), None)
            before = says.get(name)
            says[name] = mine if before is None else before.zip_with(before.is_not_null(), mine)
        open_ &= ~fits
    return says


def _standard(bare: pl.Series, symbol: pl.Series, open_: pl.Series) -> dict[str, pl.Series]:
    """GS1 element strings, then bare numbers with a check digit."""
    told = symbol.is_in(_GS1_SYMBOLS).fill_null(False)
    text = bare.str.replace_all(gs1.SEPARATORS, gs1.GS)
    brackets = text.str.contains(r"^\([0-9]{2,4}\)")
    text = text.zip_with(~brackets, gs1.bracketed(text)).str.replace_all(" ", "", literal=True)
    likely = open_ & (told | brackets | (text.str.contains(_BARE) & ~symbol.is_in(_EAN_SYMBOLS).fill_null(False)))
    rows = likely.arg_true()
    says = {name: constant(None, len(bare)) for name in ("barcode_type", "barcode_problem", "pallet", "gtin")}
    if len(rows):
        sure = (told | brackets).gather(rows)
        for name, values in _elements(text.gather(rows), sure).items():
            says[name] = constant(None, len(bare)).scatter(rows, values)
    numbers = (open_ & says["barcode_type"].is_null() & ~told).arg_true()
    if len(numbers):
        for name, values in _numbers(bare.gather(numbers), symbol.gather(numbers)).items():
            says[name] = says[name].scatter(numbers, values)
    return says


def _elements(text: pl.Series, sure: pl.Series) -> dict[str, pl.Series]:
    """The elements of labels by name.

    What only looks like GS1 (`sure` false) is believed if it reads without fault, is an SSCC alone, or begins with an article number
    whose check digit fits and reads to its end.
    """
    text = text.str.replace_all(_VISIBLE, gs1.GS)
    found = _separated(gs1.elements(text), text)
    value = pl.col("value")
    found = found.with_columns(
        check=pl.when(pl.col("ai").is_in(_CHECKED) & pl.col("problem").is_null()).then(gs1.check_digit_fits(found["value"])),
        day=pl.when(pl.col("ai").is_in(_DATES)).then(gs1.last_of_month(value)),
    ).with_columns(
        name=pl.col("ai").replace_strict(_AIS, default=None, return_dtype=pl.String),
        problem=pl.when(~pl.col("check")).then(pl.lit("check-digit"))
        .when(pl.col("problem") == "too-long").then(pl.lit("separator-lost"))
        .when(pl.col("problem").is_not_null()).then(pl.lit("incomplete"))
        .when(pl.col("ai").is_in(_DATES) & pl.col("day").is_null()).then(pl.lit("date")),
    )  # fmt: skip
    weight = pl.col("ai").str.starts_with("310").fill_null(False) & pl.col("problem").is_null()
    kilos = value.cast(pl.Float64, strict=False) / pl.lit(10.0).pow(
        pl.col("ai").str.slice(3, 1).cast(pl.Int32, strict=False)
    )
    found = found.with_columns(
        name=pl.when(weight).then(pl.lit("net_weight_kg")).otherwise("name"),
        value=pl.when(weight)
        .then(kilos.cast(pl.String))
        .when(pl.col("ai").is_in(_DATES))
        .then("day")
        .otherwise("value"),
    )
    # a part that is cut off, or swallowed what follows it, is not that part
    usable = found.filter(pl.col("name").is_not_null() & pl.col("problem").is_in(["check-digit"]).fill_null(True))
    names = (
        "pallet",
        "gtin",
        "batch",
        "serial",
        "qty",
        "partner_doc",
        "gln",
        "produced",
        "packed",
        "best_before",
        "expiry",
        "net_weight_kg",
    )
    wide = usable.group_by("row").agg(
        *(pl.col("value").filter(pl.col("name") == name).first().alias(name) for name in names),
    )
    faults = found.group_by("row").agg(
        pl.col("problem").drop_nulls().unique(maintain_order=True).str.join(" ").alias("barcode_problem"),
        only_sscc=(pl.col("ai").first() == "00") & (pl.len() == 1),
        article=pl.col("ai").first().is_in(["01", "02"]) & pl.col("check").first().fill_null(False),
    )
    base = pl.DataFrame({"row": range(len(text)), "sure": sure}, schema_overrides={"row": pl.UInt32})
    table = base.join(wide, on="row", how="left", maintain_order="left").join(
        faults, on="row", how="left", maintain_order="left"
    )
    whole = ~pl.col("barcode_problem").str.contains("incomplete")
    believed = pl.col("sure") | pl.col("only_sscc") | (pl.col("barcode_problem") == "") | (pl.col("article") & whole)
    type_ = pl.when(pl.col("only_sscc")).then(pl.lit("sscc")).otherwise(pl.lit("gs1"))
    out = table.select(
        barcode_type=pl.when(believed).then(type_),
        barcode_problem=pl.when(believed & (pl.col("barcode_problem") != "")).then("barcode_problem"),
        **{name: pl.when(believed).then(name) for name in names},
    )
    return {name: out[name].cast(pl.String) for name in out.columns}


def _separated(found: pl.DataFrame, text: pl.Series) -> pl.DataFrame:
    """Content (02) asks for a count (37): where a label without any separator has none, the part before has swallowed it."""
    silent = pl.Series("row", (~text.str.contains(gs1.GS, literal=True)).arg_true(), dtype=pl.UInt32)
    lists = found.group_by("row").agg("ai")
    lacking = lists.filter(pl.col("ai").list.contains("02") & ~pl.col("ai").list.contains("37"))["row"]
    suspects = lacking.filter(lacking.is_in(silent.implode()))
    last = (
        pl.col("row").is_last_distinct()
        & pl.col("row").is_in(suspects.implode())
        & pl.col("ai").is_in(["10", "21", "240"])
    )
    return found.with_columns(problem=pl.when(last).then(pl.lit("too-long")).otherwise("problem"))


def _numbers(bare: pl.Series, symbol: pl.Series) -> dict[str, pl.Series]:
    """Bare SSCCs and article numbers; without a symbology only those whose check digit fits, and none of 8 digits."""
    size = bare.str.len_chars()
    fits = gs1.check_digit_fits(bare).fill_null(False)
    ean = symbol.is_in(_EAN_SYMBOLS).fill_null(False) & bare.str.contains("^[0-9]{8,14}$") & size.is_in([8, 12, 13, 14])
    article = ean | (fits & size.is_in([12, 13, 14]))
    sscc = fits & (size == 18)
    nothing = constant(None, len(bare))
    return {
        "barcode_type": nothing.set(article, "gtin").set(sscc, "sscc"),
        "barcode_problem": nothing.set(ean & ~fits, "check-digit"),
        "pallet": bare.set(~sscc, None),
        "gtin": bare.set(~article, None),
    }
