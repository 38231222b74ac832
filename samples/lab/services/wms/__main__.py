"""`python -m lab.services.wms`: the WMS process."""

from lab.services.wms import background, handheld, queries  # noqa: F401  handlers register themselves
from lab.services.wms.core import service

background.refresh_report()
background.beat()
background.start()
service.serve(threads=24)
