/*
name  = "staging_places"
uses  = ["tasks", "events_ordered"]
materialise = true
about = { zh = "收货、组盘、交接用的位置：托盘在这里等待，不在这里存放", en = "places where loads are received, bound or handed over: they wait there and are not stored there" }
*/
-- Where inbound transports begin; where pallets are bound, unless stock is kept there; and nothing is put away to either.
SELECT origin AS location FROM tasks WHERE origin IS NOT NULL AND doc_type IN ('inbound', 'return')
UNION
(SELECT location FROM events_ordered WHERE kind = 'binding' AND action = 'bind' AND location IS NOT NULL
 EXCEPT SELECT location FROM events_ordered WHERE kind IN ('ledger', 'stock') AND location IS NOT NULL)
EXCEPT
SELECT target FROM tasks WHERE target IS NOT NULL AND doc_type IN ('inbound', 'return', 'move')
