-- The lab's three databases. Quantities are DECIMAL(12,3) in base units; times are DATETIME(3) in the clock of the host that wrote them
-- (tables of `wms`: the WMS host, of `wcs`: the WCS host, of `erp`: the ERP host), zone Asia/Shanghai. Empty batch or pallet is ''.

CREATE DATABASE wms CHARACTER SET utf8mb4;
CREATE DATABASE wcs CHARACTER SET utf8mb4;
CREATE DATABASE erp CHARACTER SET utf8mb4;

-- ------------------------------------------------------------------------------------------------------------------ WMS
USE wms;

CREATE TABLE stock (                      -- one row per warehouse, location, sku, batch, quality, pallet
  id          BIGINT PRIMARY KEY AUTO_INCREMENT,
  warehouse   VARCHAR(8)    NOT NULL DEFAULT 'WH1',
  zone        VARCHAR(4)    NOT NULL,     -- A racks (robots), B racks (shuttle), P pick faces, I inbound dock, O outbound dock
  location    VARCHAR(16)   NOT NULL,
  sku         VARCHAR(16)   NOT NULL,
  batch       VARCHAR(16)   NOT NULL DEFAULT '',
  quality     VARCHAR(12)   NOT NULL DEFAULT 'qualified',   -- qualified | inspection | frozen | rejected
  pallet      VARCHAR(16)   NOT NULL DEFAULT '',
  qty         DECIMAL(12,3) NOT NULL,
  locked_qty  DECIMAL(12,3) NOT NULL DEFAULT 0,
  version     BIGINT        NOT NULL DEFAULT 1,             -- +1 with every change of the row, whoever makes it
  updated_at  DATETIME(3)   NOT NULL,
  UNIQUE KEY place (warehouse, location, sku, batch, quality, pallet),
  KEY by_sku (sku, batch)
);

CREATE TABLE stock_ledger (               -- before and after as the handler saw them, as real systems write them
  id          BIGINT PRIMARY KEY AUTO_INCREMENT,
  ts          DATETIME(3)   NOT NULL,
  stock_id    BIGINT        NOT NULL,
  warehouse   VARCHAR(8)    NOT NULL DEFAULT 'WH1',
  location    VARCHAR(16)   NOT NULL,
  sku         VARCHAR(16)   NOT NULL,
  batch       VARCHAR(16)   NOT NULL DEFAULT '',
  quality     VARCHAR(12)   NOT NULL DEFAULT 'qualified',
  pallet      VARCHAR(16)   NOT NULL DEFAULT '',
  type        VARCHAR(16)   NOT NULL,     -- opening|inbound|outbound|pick|move_out|move_in|count|reversal|return|exchange|adjust
  delta       DECIMAL(12,3) NOT NULL,
  qty_before  DECIMAL(12,3) NOT NULL,
  qty_after   DECIMAL(12,3) NOT NULL,
  doc         VARCHAR(24),
  doc_line    INT,
  task        VARCHAR(24),
  request_id  VARCHAR(40),
  operator    VARCHAR(16),
  txn         BIGINT,                     -- InnoDB transaction id where the server gave one
  KEY by_doc (doc, doc_line), KEY by_request (request_id), KEY by_stock (stock_id, ts)
);

CREATE TABLE location (                   -- the locations there are; used: how often one was assigned
  location VARCHAR(16) PRIMARY KEY, zone VARCHAR(4) NOT NULL, used INT NOT NULL DEFAULT 0
);

CREATE TABLE task (                       -- transport tasks as the WMS knows them
  task          VARCHAR(24) PRIMARY KEY,
  type          VARCHAR(12)  NOT NULL,    -- inbound | outbound | move | replenish
  state         VARCHAR(12)  NOT NULL,    -- CREATED SENT STARTED LEFT_SOURCE DONE CANCELLED FORCED_DONE FAILED
  pallet        VARCHAR(16)  NOT NULL,
  from_location VARCHAR(16)  NOT NULL,
  to_location   VARCHAR(16)  NOT NULL,
  sku           VARCHAR(16)  NOT NULL,
  batch         VARCHAR(16)  NOT NULL DEFAULT '',
  qty           DECIMAL(12,3) NOT NULL,
  doc           VARCHAR(24), doc_line INT,
  created_at    DATETIME(3)  NOT NULL,
  started_at    DATETIME(3), finished_at DATETIME(3),
  updated_at    DATETIME(3)  NOT NULL
);

CREATE TABLE task_log (                   -- every change of a task's state, and who caused it
  id         BIGINT PRIMARY KEY AUTO_INCREMENT,
  ts         DATETIME(3) NOT NULL,
  task       VARCHAR(24) NOT NULL,
  type       VARCHAR(12) NOT NULL,
  pallet     VARCHAR(16) NOT NULL,
  from_state VARCHAR(12), to_state VARCHAR(12) NOT NULL,
  location   VARCHAR(16),
  actor_type VARCHAR(10) NOT NULL,        -- operator | wcs | system
  operator   VARCHAR(16), request_id VARCHAR(40), remark VARCHAR(200),
  KEY by_task (task)
);

CREATE TABLE binding (                    -- what is on a pallet at present
  pallet VARCHAR(16) NOT NULL, sku VARCHAR(16) NOT NULL, batch VARCHAR(16) NOT NULL DEFAULT '',
  qty DECIMAL(12,3) NOT NULL, location VARCHAR(16), doc VARCHAR(24), doc_line INT, bound_at DATETIME(3) NOT NULL, operator VARCHAR(16),
  PRIMARY KEY (pallet, sku, batch)
);

CREATE TABLE binding_log (
  id BIGINT PRIMARY KEY AUTO_INCREMENT, ts DATETIME(3) NOT NULL,
  action VARCHAR(8) NOT NULL,             -- bind | unbind
  pallet VARCHAR(16) NOT NULL, sku VARCHAR(16) NOT NULL, batch VARCHAR(16) NOT NULL DEFAULT '', qty DECIMAL(12,3) NOT NULL,
  location VARCHAR(16), doc VARCHAR(24), doc_line INT, operator VARCHAR(16), request_id VARCHAR(40)
);

CREATE TABLE reservation (                -- open and closed reservations
  id BIGINT PRIMARY KEY AUTO_INCREMENT, stock_id BIGINT NOT NULL, location VARCHAR(16) NOT NULL, sku VARCHAR(16) NOT NULL,
  batch VARCHAR(16) NOT NULL DEFAULT '', pallet VARCHAR(16) NOT NULL DEFAULT '', qty DECIMAL(12,3) NOT NULL,
  doc VARCHAR(24) NOT NULL, doc_line INT, state VARCHAR(10) NOT NULL,  -- locked | released | consumed
  created_at DATETIME(3) NOT NULL, expires_at DATETIME(3), closed_at DATETIME(3), operator VARCHAR(16),
  KEY by_doc (doc, doc_line), KEY by_stock (stock_id, state)
);

CREATE TABLE reservation_log (
  id BIGINT PRIMARY KEY AUTO_INCREMENT, ts DATETIME(3) NOT NULL, reservation_id BIGINT NOT NULL,
  action VARCHAR(8) NOT NULL,             -- lock | release | consume
  stock_id BIGINT NOT NULL, location VARCHAR(16) NOT NULL, sku VARCHAR(16) NOT NULL, batch VARCHAR(16) NOT NULL DEFAULT '',
  pallet VARCHAR(16) NOT NULL DEFAULT '', qty DECIMAL(12,3) NOT NULL, doc VARCHAR(24) NOT NULL, doc_line INT, operator VARCHAR(16),
  request_id VARCHAR(40)
);

CREATE TABLE order_header (
  doc VARCHAR(24) PRIMARY KEY, type VARCHAR(10) NOT NULL,   -- inbound | outbound | return | exchange | count | move
  state VARCHAR(12) NOT NULL,             -- CREATED ALLOCATED STARTED DONE CANCELLED SHORT
  partner_doc VARCHAR(24), warehouse VARCHAR(8) NOT NULL DEFAULT 'WH1', created_at DATETIME(3) NOT NULL, updated_at DATETIME(3) NOT NULL,
  finished_at DATETIME(3), operator VARCHAR(16)
);

CREATE TABLE order_line (
  doc VARCHAR(24) NOT NULL, doc_line INT NOT NULL, sku VARCHAR(16) NOT NULL, batch VARCHAR(16) NOT NULL DEFAULT '',
  quality VARCHAR(12) NOT NULL DEFAULT 'qualified', qty DECIMAL(12,3) NOT NULL, uom VARCHAR(8) NOT NULL DEFAULT 'EA',
  done_qty DECIMAL(12,3) NOT NULL DEFAULT 0, location VARCHAR(16), pallet VARCHAR(16), state VARCHAR(12) NOT NULL, updated_at DATETIME(3) NOT NULL,
  PRIMARY KEY (doc, doc_line)
);

CREATE TABLE interface_log (              -- the WMS's calls in and out; a call that was never answered has no status
  id BIGINT PRIMARY KEY AUTO_INCREMENT, ts DATETIME(3) NOT NULL, direction VARCHAR(3) NOT NULL,   -- in | out
  caller VARCHAR(16) NOT NULL, callee VARCHAR(16) NOT NULL, endpoint VARCHAR(80) NOT NULL, request_id VARCHAR(40),
  request_body TEXT, response_body TEXT, status_code INT, outcome VARCHAR(10) NOT NULL,           -- ok | fail | timeout | duplicate
  duration_ms INT, attempt INT NOT NULL DEFAULT 1, error VARCHAR(300), operator VARCHAR(16),
  KEY by_request (request_id)
);

CREATE TABLE stock_query (                -- what stock queries answered, and from where
  id BIGINT PRIMARY KEY AUTO_INCREMENT, ts DATETIME(3) NOT NULL, request_id VARCHAR(40), operator VARCHAR(16), warehouse VARCHAR(8), location VARCHAR(16), location_type VARCHAR(8),
  sku VARCHAR(16) NOT NULL, batch VARCHAR(16), quality VARCHAR(12), qty DECIMAL(12,3), locked_qty DECIMAL(12,3), available DECIMAL(12,3),
  served_from VARCHAR(8) NOT NULL,        -- primary | replica | cache | view
  duration_ms INT
);

CREATE TABLE scan_log (
  id BIGINT PRIMARY KEY AUTO_INCREMENT, ts DATETIME(3) NOT NULL, device_ts DATETIME(3), device VARCHAR(16) NOT NULL, operator VARCHAR(16) NOT NULL,
  scan_type VARCHAR(8) NOT NULL,          -- receive | bind | putaway | pick | load | gate | count
  barcode VARCHAR(64) NOT NULL, expected VARCHAR(64), location VARCHAR(16), pallet VARCHAR(16), sku VARCHAR(16), batch VARCHAR(16),
  doc VARCHAR(24), doc_line INT, task VARCHAR(24), outcome VARCHAR(12) NOT NULL, request_id VARCHAR(40)   -- ok | mismatch | bad_check | unknown
);

CREATE TABLE stock_count (
  id BIGINT PRIMARY KEY AUTO_INCREMENT, ts DATETIME(3) NOT NULL, doc VARCHAR(24) NOT NULL, location VARCHAR(16) NOT NULL, pallet VARCHAR(16) NOT NULL DEFAULT '',
  sku VARCHAR(16) NOT NULL, batch VARCHAR(16) NOT NULL DEFAULT '', qty_expected DECIMAL(12,3) NOT NULL, qty_counted DECIMAL(12,3) NOT NULL,
  adjusted TINYINT NOT NULL DEFAULT 0, operator VARCHAR(16)
);

CREATE TABLE oper_log (                   -- what people clicked on screens
  id BIGINT PRIMARY KEY AUTO_INCREMENT, ts DATETIME(3) NOT NULL, operator VARCHAR(16) NOT NULL, terminal VARCHAR(16), menu VARCHAR(24) NOT NULL,
  action VARCHAR(16) NOT NULL,            -- complete | cancel | force_complete | release | adjust | bind | unbind | allocate | query | reverse
  task VARCHAR(24), doc VARCHAR(24), pallet VARCHAR(16), location VARCHAR(16), sku VARCHAR(16), params TEXT, outcome VARCHAR(10) NOT NULL, request_id VARCHAR(40)
);

CREATE TABLE idempotency (
  request_key VARCHAR(64) PRIMARY KEY, endpoint VARCHAR(80) NOT NULL, created_at DATETIME(3) NOT NULL, response TEXT
);

CREATE TABLE heartbeat (                  -- the link between WMS and WCS, as the WMS saw it
  id BIGINT PRIMARY KEY AUTO_INCREMENT, ts DATETIME(3) NOT NULL, caller VARCHAR(16) NOT NULL, callee VARCHAR(16) NOT NULL,
  outcome VARCHAR(8) NOT NULL, duration_ms INT, error VARCHAR(200)
);

CREATE TABLE stock_summary (              -- report table, refreshed periodically from stock
  sku VARCHAR(16) NOT NULL, location VARCHAR(16) NOT NULL, batch VARCHAR(16) NOT NULL DEFAULT '', qty DECIMAL(12,3) NOT NULL, version BIGINT NOT NULL,
  refreshed_at DATETIME(3) NOT NULL, PRIMARY KEY (sku, location, batch)
);

CREATE TABLE outbox (                     -- what the WMS has to tell the ERP
  id BIGINT PRIMARY KEY AUTO_INCREMENT, created_at DATETIME(3) NOT NULL, message_id VARCHAR(40) NOT NULL, endpoint VARCHAR(80) NOT NULL, doc VARCHAR(24), body TEXT NOT NULL,
  state VARCHAR(8) NOT NULL,              -- NEW | SENT | FAILED
  attempts INT NOT NULL DEFAULT 0, sent_at DATETIME(3), error VARCHAR(200)
);

CREATE TABLE replication_heartbeat (      -- one row, rewritten on the primary every few seconds; the replica's copy shows its lag
  id INT PRIMARY KEY, ts DATETIME(6) NOT NULL
);

-- ------------------------------------------------------------------------------------------------------------------ WCS
USE wcs;

CREATE TABLE transport (                  -- tasks as the WCS knows them
  task VARCHAR(24) PRIMARY KEY, pallet VARCHAR(16) NOT NULL, from_location VARCHAR(16) NOT NULL, to_location VARCHAR(16) NOT NULL, device VARCHAR(12),
  state VARCHAR(12) NOT NULL,             -- ACCEPTED STARTED LEFT_SOURCE DONE CANCELLED FAILED
  callback_state VARCHAR(10) NOT NULL DEFAULT 'NONE',       -- NONE PENDING REPORTED FAILED
  created_at DATETIME(3) NOT NULL, started_at DATETIME(3), left_at DATETIME(3), finished_at DATETIME(3), error VARCHAR(80)
);

CREATE TABLE device_signal (
  id BIGINT PRIMARY KEY AUTO_INCREMENT, ts DATETIME(3) NOT NULL, device VARCHAR(12) NOT NULL, task VARCHAR(24), pallet VARCHAR(16),
  signal_name VARCHAR(16) NOT NULL,       -- start pick_done put_done cancel alarm empty_pick occupied_put manual_remove occupied vacant
  location VARCHAR(16), from_location VARCHAR(16), to_location VARCHAR(16), code VARCHAR(16), message VARCHAR(120)
);

CREATE TABLE callback (                   -- outgoing calls to the WMS, one row per attempt
  id BIGINT PRIMARY KEY AUTO_INCREMENT, ts DATETIME(3) NOT NULL, task VARCHAR(24) NOT NULL, method VARCHAR(8) NOT NULL,   -- start | outbin | end | cancel
  request_id VARCHAR(40) NOT NULL, attempt INT NOT NULL, endpoint VARCHAR(80) NOT NULL, request_body TEXT NOT NULL, status_code INT, response_body TEXT,
  outcome VARCHAR(10) NOT NULL,           -- ok | fail | timeout | refused
  duration_ms INT, error VARCHAR(200)
);

CREATE TABLE incoming (                   -- requests from the WMS: new task, cancel, heartbeat
  id BIGINT PRIMARY KEY AUTO_INCREMENT, ts DATETIME(3) NOT NULL, endpoint VARCHAR(80) NOT NULL, request_id VARCHAR(40), request_body TEXT, status_code INT,
  response_body TEXT, duration_ms INT
);

-- ------------------------------------------------------------------------------------------------------------------ ERP
USE erp;

CREATE TABLE document (
  doc VARCHAR(24) PRIMARY KEY, type VARCHAR(10) NOT NULL,   -- inbound | outbound | return | exchange | count
  state VARCHAR(12) NOT NULL,             -- OPEN SENT POSTED CANCELLED
  partner VARCHAR(24), created_at DATETIME(3) NOT NULL, posted_at DATETIME(3), wms_doc VARCHAR(24)
);

CREATE TABLE document_line (
  doc VARCHAR(24) NOT NULL, doc_line INT NOT NULL, material VARCHAR(16) NOT NULL, batch VARCHAR(16) NOT NULL DEFAULT '', warehouse_code VARCHAR(8) NOT NULL, qty DECIMAL(12,3) NOT NULL,
  uom VARCHAR(8) NOT NULL, posted_qty DECIMAL(12,3) NOT NULL DEFAULT 0, movement_type VARCHAR(4), PRIMARY KEY (doc, doc_line)
);

CREATE TABLE posting (                    -- material documents: every booking
  id BIGINT PRIMARY KEY AUTO_INCREMENT, ts DATETIME(3) NOT NULL, doc VARCHAR(24) NOT NULL, doc_line INT, material VARCHAR(16) NOT NULL, batch VARCHAR(16) NOT NULL DEFAULT '',
  warehouse_code VARCHAR(8) NOT NULL, movement_type VARCHAR(4) NOT NULL, qty DECIMAL(12,3) NOT NULL, uom VARCHAR(8) NOT NULL, message_id VARCHAR(40), wms_doc VARCHAR(24)
);

CREATE TABLE balance (
  material VARCHAR(16) NOT NULL, batch VARCHAR(16) NOT NULL DEFAULT '', warehouse_code VARCHAR(8) NOT NULL, uom VARCHAR(8) NOT NULL, qty DECIMAL(12,3) NOT NULL,
  updated_at DATETIME(3) NOT NULL, PRIMARY KEY (material, batch, warehouse_code)
);

CREATE TABLE queue (                      -- outbound messages to the WMS
  id BIGINT PRIMARY KEY AUTO_INCREMENT, created_at DATETIME(3) NOT NULL, message_id VARCHAR(40) NOT NULL, endpoint VARCHAR(80) NOT NULL, doc VARCHAR(24), body TEXT NOT NULL,
  state VARCHAR(8) NOT NULL,              -- QUEUED | SENT | FAILED
  attempts INT NOT NULL DEFAULT 0, sent_at DATETIME(3), error VARCHAR(200)
);

CREATE TABLE received (                   -- messages from the WMS
  id BIGINT PRIMARY KEY AUTO_INCREMENT, ts DATETIME(3) NOT NULL, message_id VARCHAR(40), endpoint VARCHAR(80) NOT NULL, doc VARCHAR(24), body TEXT NOT NULL,
  outcome VARCHAR(10) NOT NULL, error VARCHAR(200)      -- ok | fail | duplicate
);

CREATE TABLE mapping (                    -- master data: our codes and the WMS's
  type VARCHAR(10) NOT NULL,              -- sku | warehouse | uom
  code VARCHAR(16) NOT NULL, mapped_code VARCHAR(16) NOT NULL, sku VARCHAR(16) NOT NULL DEFAULT '', factor DECIMAL(12,4) NOT NULL DEFAULT 1,
  PRIMARY KEY (type, code, sku)
);
