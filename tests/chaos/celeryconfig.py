"""The product's Celery settings with a visibility timeout that a run of minutes can pass."""

import runpy
from pathlib import Path

_product = runpy.run_path(str(Path(__file__).resolve().parents[2] / "celeryconfig.py"))
globals().update({key: value for key, value in _product.items() if not key.startswith("_")})

broker_transport_options = {**_product["broker_transport_options"], "visibility_timeout": 15}
task_soft_time_limit = 10
task_time_limit = 12
