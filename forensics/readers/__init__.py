"""Readers of formats that cannot be declared, by the name that a format file gives in `reader = "…"`."""

from __future__ import annotations

from typing import Final

from forensics.readers.base import Factory, Parsed, Reader, SourceContext
from forensics.readers.cdc import Cdc
from forensics.readers.general_log import GeneralLog
from forensics.readers.innodb_status import InnodbStatus
from forensics.readers.lock_tables import LockTables
from forensics.readers.mysql_error_log import MysqlErrorLog
from forensics.readers.mysqlbinlog import MysqlBinlog
from forensics.readers.otlp import Otlp
from forensics.readers.pg_replication import PgReplication
from forensics.readers.prometheus import PrometheusAnswer, PrometheusText
from forensics.readers.replica_status import ReplicaStatus
from forensics.readers.slow_log import SlowLog
from forensics.readers.test_decoding import TestDecoding
from forensics.readers.w3c import W3c

READERS: Final[dict[str, Factory]] = {
    "cdc": Cdc,
    "general_log": GeneralLog,
    "innodb_status": InnodbStatus,
    "lock_tables": LockTables,
    "mysql_error_log": MysqlErrorLog,
    "mysqlbinlog": MysqlBinlog,
    "otlp": Otlp,
    "pg_replication": PgReplication,
    "prometheus": PrometheusAnswer,
    "prometheus_text": PrometheusText,
    "replica_status": ReplicaStatus,
    "slow_log": SlowLog,
    "test_decoding": TestDecoding,
    "w3c": W3c,
}

__all__ = ["READERS", "Parsed", "Reader", "SourceContext"]
