"""Schemas followed through DDL; what is not understood is forgotten, never guessed."""

from __future__ import annotations

import pytest

from forensics.readers.ddl import Schemas, declared_tables


def after(*statements: str, database: str | None = "w") -> dict[str, list[str]]:
    schemas = Schemas()
    for statement in statements:
        schemas.apply(statement, database)
    return schemas.tables


CREATE = "CREATE TABLE `t` (`id` int(11) NOT NULL COMMENT 'a, b (c)', sku VARCHAR(9) DEFAULT ')', PRIMARY KEY (`id`), KEY `k` (`sku`,`id`)) ENGINE=InnoDB"


@pytest.mark.parametrize(
    ("statements", "columns"),
    [
        ([CREATE], ["id", "sku"]),
        (["create table if not exists w.t(a int, keyword text, check (a>0))"], ["a", "keyword"]),
        ([CREATE, "ALTER TABLE t ADD qty DECIMAL(9,3) NOT NULL FIRST"], ["qty", "id", "sku"]),
        ([CREATE, "ALTER TABLE w.t ADD COLUMN `loc` VARCHAR(9) AFTER `id`, ADD INDEX i (loc)"], ["id", "loc", "sku"]),
        ([CREATE, "ALTER TABLE t CHANGE sku item VARCHAR(20), MODIFY id BIGINT AFTER item"], ["item", "id"]),
        ([CREATE, "ALTER TABLE t RENAME COLUMN sku TO item"], ["id", "item"]),
        ([CREATE, "ALTER TABLE t DROP COLUMN sku, ENGINE=InnoDB"], ["id"]),
        ([CREATE, "ALTER TABLE t ADD KEY k2 (sku)"], ["id", "sku"]),
        ([CREATE, "ALTER TABLE t ADD (a INT, b INT)"], None),
        ([CREATE, "DROP TABLE IF EXISTS t"], None),
        (["CREATE TABLE t AS SELECT 1"], None),
        (["CREATE TABLE t (a INT) SELECT * FROM s"], None),
        ([CREATE.replace("`t`", "s"), "CREATE TABLE t LIKE s"], ["id", "sku"]),
        ([CREATE.replace("`t`", "s"), "RENAME TABLE s TO t"], ["id", "sku"]),
        ([CREATE.replace("`t`", "s"), "ALTER TABLE s RENAME TO t"], ["id", "sku"]),
    ],
)
def test_the_columns_of_a_table(statements: list[str], columns: list[str] | None) -> None:
    assert after(*statements).get("w.t") == columns


def test_names_with_a_database_need_no_current_one() -> None:
    assert after("CREATE TABLE `x`.`t` (a INT)", database=None) == {"x.t": ["a"]}


COMMENTED = """-- what is where
CREATE TABLE stock (                      -- one row per location, sku, batch (and pallet)
  id       BIGINT PRIMARY KEY,            # running number, never used again
  location VARCHAR(16) COMMENT 'a -- b, c',
  /* qty, locked: base units */
  qty      DECIMAL(12,3) NOT NULL
)"""


def test_comments_name_no_columns() -> None:
    schemas = Schemas()
    assert schemas.apply(COMMENTED, "wms") == "wms.stock"
    assert schemas.tables["wms.stock"] == ["id", "location", "qty"]


def test_comments_name_no_columns_in_a_dump_either() -> None:
    assert declared_tables(f"USE wms;\n{COMMENTED};\nUSE erp;\n")["wms.stock"].names == ["id", "location", "qty"]
