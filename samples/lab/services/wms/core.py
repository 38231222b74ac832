"""The WMS's service, databases and cache: what its modules share."""

from __future__ import annotations

import redis

from lab.services.database import Database
from lab.services.web import Service

service = Service("wms", "c.w.wms")
primary = Database(service, "wms")
replica = Database(service, "wms", "replica")
cache = redis.Redis(port=service.ports["redis"], decode_responses=True)
CACHE_SECONDS = 600
"""Life of a cached quantity, in the cache host's seconds."""
