"""Names of positions from statements and values."""

from __future__ import annotations

from unit.readers.texts import changes, insert, txn, update

from forensics.readers.guess import Sample, guess

BEFORE = {1: "11", 2: "10023", 3: "A-01", 4: "100.000", 5: "0.000", 6: "7"}
AFTER = BEFORE | {4: "95.000", 6: "8"}


def test_what_moves_and_what_is_asked_for() -> None:
    sample = Sample("UPDATE stock SET qty=qty-5, version=version+1 WHERE id=11 AND sku='10023'", BEFORE, AFTER)
    assert guess([sample]) == {1: "id", 2: "sku", 4: "qty", 6: "version"}


def test_the_columns_of_an_insert_are_found_by_their_values() -> None:
    sample = Sample("INSERT INTO stock(sku, loc, qty) VALUES ('10023', 'A-01', 100)", {}, BEFORE)
    assert guess([sample]) == {2: "sku", 3: "loc", 4: "qty"}


def test_two_that_fit_are_none_until_another_sample_decides() -> None:
    twice = {1: "5", 2: "5.000", 3: "x"}
    first = Sample("INSERT INTO t(id, qty) VALUES (5, 5)", {}, twice)
    assert guess([first]) == {}
    second = Sample("INSERT INTO t(id, qty) VALUES (6, 4)", {}, {1: "6", 2: "4.000", 3: "x"})
    assert guess([first, second]) == {1: "id", 2: "qty"}


def test_without_statements_only_the_decimal_that_moves_is_a_quantity() -> None:
    assert guess([Sample(None, BEFORE, AFTER)]) == {4: "qty"}
    assert guess([Sample(None, {}, BEFORE)]) == {}
    both = AFTER | {5: "5.000"}
    assert guess([Sample(None, BEFORE, both)]) == {}


def test_the_reader_names_what_it_can_and_says_so() -> None:
    row = {1: "11", 2: "'10023'", 3: "'A-01'", 4: "100.000"}
    text = txn(100, insert("stock", row), statement="INSERT INTO stock(sku, loc, qty) VALUES ('10023', 'A-01', 100)")
    text += txn(200, update("stock", row, row | {4: "95.000"}), statement="UPDATE stock SET qty=qty-5 WHERE id=11")
    first, second = changes(text)
    assert (second["sku"], second["location"], second["qty_before"], second["qty_after"]) == ("10023", "A-01", 100, 95)
    assert first["extra"]["columns"] == second["extra"]["columns"] == "inferred"
    assert second["extra"]["after"] == {"id": "11", "sku": "10023", "loc": "A-01", "qty": "95.000"}
