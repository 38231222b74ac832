/*
name  = "ledger_frames"
uses  = ["ledger_lines"]
materialise = true
as_written = true
about = { zh = "流水记录成百上千条共有的内容：来源、系统、时钟、单据类型、操作人等，各存一次", en = "what many records of stock postings have in common (source, system, clock, kind of document, operator …), written once" }
*/
-- Ten million records share some hundred of these: they are kept by number (`ledger_store`), and a record is half as wide.
SELECT row_number() OVER ()::INTEGER AS frame, hash(source, stream, system, clock, res_us, err_us, warehouse, quality, uom, doc_type, operator) AS same, *
FROM (SELECT DISTINCT source, stream, system, clock, res_us, err_us, warehouse, quality, uom, doc_type, operator FROM ledger_lines)
