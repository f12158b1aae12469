"""Forecourt tags vehicle-inventory images by type and colour and remembers every correction."""

import os

__version__ = "0.1.0"

# ONNX Runtime's official builds report their use to their maker, and keep an identifier of the
# machine in the home folder, unless this is set before they are first imported. Forecourt sends
# nothing to anybody.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
