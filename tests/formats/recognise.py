"""What a text is taken for: its format, or those of the tables in it if it is a dump."""

from __future__ import annotations

from forensics.formats.detect import Head, detect
from forensics.formats.load import Registry
from forensics.formats.samples import _Text
from forensics.readers.dump import Framer
from forensics.readers.dump_plan import recognise


def taken_for(registry: Registry, text: str, name: str = "evidence.log") -> set[str]:
    found = detect(registry, Head(text, name))
    if found.spec.record.frame != "sql":
        return {found.spec.id}
    framer = Framer(found.spec.record.dialect)
    records, _ = framer.records(_Text(text.encode()), 0, 1, last=True)
    rows = {number: part["raw"].to_list() for (number,), part in records.partition_by("layout", as_dict=True).items()}
    return {
        recognise(registry, table, rows[number], framer.dialect, name)[0].spec.id
        for number, table in enumerate(framer.tables)
        if number in rows
    }
