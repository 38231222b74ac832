

CREATE DATABASE wms CHARACTER SET utf8mb4;
CREATE DATABASE wcs CHARACTER SET utf8mb4;
CREATE DATABASE erp CHARACTER SET utf8mb4;
USE wms;

CREATE TABLE stock (
  id          BIGINT PRIMARY KEY AUTO_INCREMENT,
  warehouse   VARCHAR(8)    NOT NULL DEFAULT 'WH1',
  zone        VARCHAR(4)    NOT NULL,
  location    VARCHAR(16)   NOT NULL,
  sku         VARCHAR(16)   NOT NULL,
  batch       VARCHAR(16)   NOT NULL DEFAULT '',
  quality     VARCHAR(12)   NOT NULL DEFAULT 'qualified',
  pallet      VARCHAR(16)   NOT NULL DEFAULT '',
  qty         DECIMAL(12,3) NOT NULL,
  locked_qty  DECIMAL(12,3) NOT NULL DEFAULT 0,
  version     BIGINT        NOT NULL DEFAULT 1,
  updated_at  DATETIME(3)   NOT NULL,
  UNIQUE KEY place (warehouse, location, sku, batch, quality, pallet),
  KEY by_sku (sku, batch)
);

CREATE TABLE stock_ledger (
  id          BIGINT PRIMARY KEY AUTO_INCREMENT,
  ts          DATETIME(3)   NOT NULL,
  stock_id    BIGINT        NOT NULL,
  warehouse   VARCHAR(8)    NOT NULL DEFAULT 'WH1',
  location    VARCHAR(16)   NOT NULL,
  sku         VARCHAR(16)   NOT NULL,
  batch       VARCHAR(16)   NOT NULL DEFAULT '',
  quality     VARCHAR(12)   NOT NULL DEFAULT 'qualified',
  pallet      VARCHAR(16)   NOT NULL DEFAULT '',
  type        VARCHAR(16)   NOT NULL,
  delta       DECIMAL(12,3) NOT NULL,
  qty_before  DECIMAL(12,3) NOT NULL,
  qty_after   DECIMAL(12,3) NOT NULL,
  doc         VARCHAR(24),
  doc_line    INT,
  task        VARCHAR(24),
  request_id  VARCHAR(40),
  operator    VARCHAR(16),
  txn         BIGINT,
  KEY by_doc (doc, doc_line), KEY by_request (request_id), KEY by_stock (stock_id, ts)
);

CREATE TABLE location (
  location VARCHAR(16) PRIMARY KEY, zone VARCHAR(4) NOT NULL, used INT NOT NULL DEFAULT 0
);

CREATE TABLE task (
  task          VARCHAR(24) PRIMARY KEY,
  type          VARCHAR(12)  NOT NULL,
  state         VARCHAR(12)  NOT NULL,
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

CREATE TABLE task_log (
  id         BIGINT PRIMARY KEY AUTO_INCREMENT,
  ts         DATETIME(3) NOT NULL,
  task       VARCHAR(24) NOT NULL,
  type       VARCHAR(12) NOT NULL,
  pallet     VARCHAR(16) NOT NULL,
  from_state VARCHAR(12), to_state VARCHAR(12) NOT NULL,
  location   VARCHAR(16),
  actor_type VARCHAR(10) NOT NULL,
  operator   VARCHAR(16), request_id VARCHAR(40), remark VARCHAR(200),
  KEY by_task (task)
);

CREATE TABLE binding (
  pallet VARCHAR(16) NOT NULL, sku VARCHAR(16) NOT NULL, batch VARCHAR(16) NOT NULL DEFAULT '',
  qty DECIMAL(12,3) NOT NULL, location VARCHAR(16), doc VARCHAR(24), doc_line INT, bound_at DATETIME(3) NOT NULL, operator VARCHAR(16),
  PRIMARY KEY (pallet, sku, batch)
);

CREATE TABLE binding_log (
  id BIGINT PRIMARY KEY AUTO_INCREMENT, ts DATETIME(3) NOT NULL,
  action VARCHAR(8) NOT NULL,
  pallet VARCHAR(16) NOT NULL, sku VARCHAR(16) NOT NULL, batch VARCHAR(16) NOT NULL DEFAULT '', qty DECIMAL(12,3) NOT NULL,
  location VARCHAR(16), doc VARCHAR(24), doc_line INT, operator VARCHAR(16), request_id VARCHAR(40)
);

CREATE TABLE reservation (
  id BIGINT PRIMARY KEY AUTO_INCREMENT, stock_id BIGINT NOT NULL, location VARCHAR(16) NOT NULL, sku VARCHAR(16) NOT NULL,
  batch VARCHAR(16) NOT NULL DEFAULT '', pallet VARCHAR(16) NOT NULL DEFAULT '', qty DECIMAL(12,3) NOT NULL,
  doc VARCHAR(24) NOT NULL, doc_line INT, state VARCHAR(10) NOT NULL,
  created_at DATETIME(3) NOT NULL, expires_at DATETIME(3), closed_at DATETIME(3), operator VARCHAR(16),
  KEY by_doc (doc, doc_line), KEY by_stock (stock_id, state)
);

CREATE TABLE reservation_log (
  id BIGINT PRIMARY KEY AUTO_INCREMENT, ts DATETIME(3) NOT NULL, reservation_id BIGINT NOT NULL,
  action VARCHAR(8) NOT NULL,
  stock_id BIGINT NOT NULL, location VARCHAR(16) NOT NULL, sku VARCHAR(16) NOT NULL, batch VARCHAR(16) NOT NULL DEFAULT '',
  pallet VARCHAR(16) NOT NULL DEFAULT '', qty DECIMAL(12,3) NOT NULL, doc VARCHAR(24) NOT NULL, doc_line INT, operator VARCHAR(16),
  request_id VARCHAR(40)
);

CREATE TABLE order_header (
  doc VARCHAR(24) PRIMARY KEY, type VARCHAR(10) NOT NULL,
  state VARCHAR(12) NOT NULL,
  partner_doc VARCHAR(24), warehouse VARCHAR(8) NOT NULL DEFAULT 'WH1', created_at DATETIME(3) NOT NULL, updated_at DATETIME(3) NOT NULL,
  finished_at DATETIME(3), operator VARCHAR(16)
);

CREATE TABLE order_line (
  doc VARCHAR(24) NOT NULL, doc_line INT NOT NULL, sku VARCHAR(16) NOT NULL, batch VARCHAR(16) NOT NULL DEFAULT '',
  quality VARCHAR(12) NOT NULL DEFAULT 'qualified', qty DECIMAL(12,3) NOT NULL, uom VARCHAR(8) NOT NULL DEFAULT 'EA',
  done_qty DECIMAL(12,3) NOT NULL DEFAULT 0, location VARCHAR(16), pallet VARCHAR(16), state VARCHAR(12) NOT NULL, updated_at DATETIME(3) NOT NULL,
  PRIMARY KEY (doc, doc_line)
);

CREATE TABLE interface_log (
  id BIGINT PRIMARY KEY AUTO_INCREMENT, ts DATETIME(3) NOT NULL, direction VARCHAR(3) NOT NULL,
  caller VARCHAR(16) NOT NULL, callee VARCHAR(16) NOT NULL, endpoint VARCHAR(80) NOT NULL, request_id VARCHAR(40),
  request_body TEXT, response_body TEXT, status_code INT, outcome VARCHAR(10) NOT NULL,
  duration_ms INT, attempt INT NOT NULL DEFAULT 1, error VARCHAR(300), operator VARCHAR(16),
  KEY by_request (request_id)
);

CREATE TABLE stock_query (
  id BIGINT PRIMARY KEY AUTO_INCREMENT, ts DATETIME(3) NOT NULL, request_id VARCHAR(40), operator VARCHAR(16), warehouse VARCHAR(8), location VARCHAR(16), location_type VARCHAR(8),
  sku VARCHAR(16) NOT NULL, batch VARCHAR(16), quality VARCHAR(12), qty DECIMAL(12,3), locked_qty DECIMAL(12,3), available DECIMAL(12,3),
  served_from VARCHAR(8) NOT NULL,
  duration_ms INT
);

CREATE TABLE scan_log (
  id BIGINT PRIMARY KEY AUTO_INCREMENT, ts DATETIME(3) NOT NULL, device_ts DATETIME(3), device VARCHAR(16) NOT NULL, operator VARCHAR(16) NOT NULL,
  scan_type VARCHAR(8) NOT NULL,
  barcode VARCHAR(64) NOT NULL, expected VARCHAR(64), location VARCHAR(16), pallet VARCHAR(16), sku VARCHAR(16), batch VARCHAR(16),
  doc VARCHAR(24), doc_line INT, task VARCHAR(24), outcome VARCHAR(12) NOT NULL, request_id VARCHAR(40)
);

CREATE TABLE stock_count (
  id BIGINT PRIMARY KEY AUTO_INCREMENT, ts DATETIME(3) NOT NULL, doc VARCHAR(24) NOT NULL, location VARCHAR(16) NOT NULL, pallet VARCHAR(16) NOT NULL DEFAULT '',
  sku VARCHAR(16) NOT NULL, batch VARCHAR(16) NOT NULL DEFAULT '', qty_expected DECIMAL(12,3) NOT NULL, qty_counted DECIMAL(12,3) NOT NULL,
  adjusted TINYINT NOT NULL DEFAULT 0, operator VARCHAR(16)
);

CREATE TABLE oper_log (
  id BIGINT PRIMARY KEY AUTO_INCREMENT, ts DATETIME(3) NOT NULL, operator VARCHAR(16) NOT NULL, terminal VARCHAR(16), menu VARCHAR(24) NOT NULL,
  action VARCHAR(16) NOT NULL,
  task VARCHAR(24), doc VARCHAR(24), pallet VARCHAR(16), location VARCHAR(16), sku VARCHAR(16), params TEXT, outcome VARCHAR(10) NOT NULL, request_id VARCHAR(40)
);

CREATE TABLE idempotency (
  request_key VARCHAR(64) PRIMARY KEY, endpoint VARCHAR(80) NOT NULL, created_at DATETIME(3) NOT NULL, response TEXT
);

CREATE TABLE heartbeat (
  id BIGINT PRIMARY KEY AUTO_INCREMENT, ts DATETIME(3) NOT NULL, caller VARCHAR(16) NOT NULL, callee VARCHAR(16) NOT NULL,
  outcome VARCHAR(8) NOT NULL, duration_ms INT, error VARCHAR(200)
);

CREATE TABLE stock_summary (
  sku VARCHAR(16) NOT NULL, location VARCHAR(16) NOT NULL, batch VARCHAR(16) NOT NULL DEFAULT '', qty DECIMAL(12,3) NOT NULL, version BIGINT NOT NULL,
  refreshed_at DATETIME(3) NOT NULL, PRIMARY KEY (sku, location, batch)
);

CREATE TABLE outbox (
  id BIGINT PRIMARY KEY AUTO_INCREMENT, created_at DATETIME(3) NOT NULL, message_id VARCHAR(40) NOT NULL, endpoint VARCHAR(80) NOT NULL, doc VARCHAR(24), body TEXT NOT NULL,
  state VARCHAR(8) NOT NULL,
  attempts INT NOT NULL DEFAULT 0, sent_at DATETIME(3), error VARCHAR(200)
);

CREATE TABLE replication_heartbeat (
  id INT PRIMARY KEY, ts DATETIME(6) NOT NULL
);
USE wcs;

CREATE TABLE transport (
  task VARCHAR(24) PRIMARY KEY, pallet VARCHAR(16) NOT NULL, from_location VARCHAR(16) NOT NULL, to_location VARCHAR(16) NOT NULL, device VARCHAR(12),
  state VARCHAR(12) NOT NULL,
  callback_state VARCHAR(10) NOT NULL DEFAULT 'NONE',
  created_at DATETIME(3) NOT NULL, started_at DATETIME(3), left_at DATETIME(3), finished_at DATETIME(3), error VARCHAR(80)
);

CREATE TABLE device_signal (
  id BIGINT PRIMARY KEY AUTO_INCREMENT, ts DATETIME(3) NOT NULL, device VARCHAR(12) NOT NULL, task VARCHAR(24), pallet VARCHAR(16),
  signal_name VARCHAR(16) NOT NULL,
  location VARCHAR(16), from_location VARCHAR(16), to_location VARCHAR(16), code VARCHAR(16), message VARCHAR(120)
);

CREATE TABLE callback (
  id BIGINT PRIMARY KEY AUTO_INCREMENT, ts DATETIME(3) NOT NULL, task VARCHAR(24) NOT NULL, method VARCHAR(8) NOT NULL,
  request_id VARCHAR(40) NOT NULL, attempt INT NOT NULL, endpoint VARCHAR(80) NOT NULL, request_body TEXT NOT NULL, status_code INT, response_body TEXT,
  outcome VARCHAR(10) NOT NULL,
  duration_ms INT, error VARCHAR(200)
);

CREATE TABLE incoming (
  id BIGINT PRIMARY KEY AUTO_INCREMENT, ts DATETIME(3) NOT NULL, endpoint VARCHAR(80) NOT NULL, request_id VARCHAR(40), request_body TEXT, status_code INT,
  response_body TEXT, duration_ms INT
);
USE erp;

CREATE TABLE document (
  doc VARCHAR(24) PRIMARY KEY, type VARCHAR(10) NOT NULL,
  state VARCHAR(12) NOT NULL,
  partner VARCHAR(24), created_at DATETIME(3) NOT NULL, posted_at DATETIME(3), wms_doc VARCHAR(24)
);

CREATE TABLE document_line (
  doc VARCHAR(24) NOT NULL, doc_line INT NOT NULL, material VARCHAR(16) NOT NULL, batch VARCHAR(16) NOT NULL DEFAULT '', warehouse_code VARCHAR(8) NOT NULL, qty DECIMAL(12,3) NOT NULL,
  uom VARCHAR(8) NOT NULL, posted_qty DECIMAL(12,3) NOT NULL DEFAULT 0, movement_type VARCHAR(4), PRIMARY KEY (doc, doc_line)
);

CREATE TABLE posting (
  id BIGINT PRIMARY KEY AUTO_INCREMENT, ts DATETIME(3) NOT NULL, doc VARCHAR(24) NOT NULL, doc_line INT, material VARCHAR(16) NOT NULL, batch VARCHAR(16) NOT NULL DEFAULT '',
  warehouse_code VARCHAR(8) NOT NULL, movement_type VARCHAR(4) NOT NULL, qty DECIMAL(12,3) NOT NULL, uom VARCHAR(8) NOT NULL, message_id VARCHAR(40), wms_doc VARCHAR(24)
);

CREATE TABLE balance (
  material VARCHAR(16) NOT NULL, batch VARCHAR(16) NOT NULL DEFAULT '', warehouse_code VARCHAR(8) NOT NULL, uom VARCHAR(8) NOT NULL, qty DECIMAL(12,3) NOT NULL,
  updated_at DATETIME(3) NOT NULL, PRIMARY KEY (material, batch, warehouse_code)
);

CREATE TABLE queue (
  id BIGINT PRIMARY KEY AUTO_INCREMENT, created_at DATETIME(3) NOT NULL, message_id VARCHAR(40) NOT NULL, endpoint VARCHAR(80) NOT NULL, doc VARCHAR(24), body TEXT NOT NULL,
  state VARCHAR(8) NOT NULL,
  attempts INT NOT NULL DEFAULT 0, sent_at DATETIME(3), error VARCHAR(200)
);

CREATE TABLE received (
  id BIGINT PRIMARY KEY AUTO_INCREMENT, ts DATETIME(3) NOT NULL, message_id VARCHAR(40), endpoint VARCHAR(80) NOT NULL, doc VARCHAR(24), body TEXT NOT NULL,
  outcome VARCHAR(10) NOT NULL, error VARCHAR(200)
);

CREATE TABLE mapping (
  type VARCHAR(10) NOT NULL,
  code VARCHAR(16) NOT NULL, mapped_code VARCHAR(16) NOT NULL, sku VARCHAR(16) NOT NULL DEFAULT '', factor DECIMAL(12,4) NOT NULL DEFAULT 1,
  PRIMARY KEY (type, code, sku)
);
