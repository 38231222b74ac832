/*
name  = "ledger_entries"
uses  = ["ledger_records"]
about = { zh = "库存流水的每条记录，来自流水表、导出文件或数据库日志中的流水表插入", en = "every record of a stock posting: ledger exports, and ledger rows seen in the database's change log" }
*/
-- One record that a collector wrote twice is one.
SELECT * EXCLUDE (id, alone, content, again, echo) FROM ledger_records WHERE NOT again
