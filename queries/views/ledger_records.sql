/*
name  = "ledger_records"
uses  = ["ledger_placed", "ledger_marks"]
about = { zh = "库存流水的原始记录，附在来源内的次序，以及与别的记录的关系", en = "records of stock postings with their order in the source, and how they relate to other records" }
*/
-- `nr`: by commit where that is known. `content` is null where no other record says the same.
SELECT p.* REPLACE (coalesce(m.commit_nr::HUGEINT, p.nr) AS nr, CASE WHEN m.commit_nr IS NOT NULL THEN 'commit' ELSE p.order_quality END AS order_quality),
       m.content, coalesce(m.again, false) AS again, coalesce(m.echo, false) AS echo
FROM ledger_placed p LEFT JOIN ledger_marks m ON m.id = p.id
