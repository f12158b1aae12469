"""ONNX Runtime, in one small class."""

from __future__ import annotations

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from forecourt.core.errors import BundleError

Arrays = dict[str, NDArray[np.float32]]


class Session:
    """Runs one network on the CPU.

    Args:
        model: The ONNX file's bytes.
        threads: Threads for one batch; 0: all cores.
    """

    def __init__(self, model: bytes, *, threads: int = 0) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Spinning threads take the cores from decoding and from the fetcher between two batches.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime's exceptions share no base class but this
            raise BundleError(f"ONNX Runtime refuses the network: {error}") from error
        self._input = self._session.get_inputs()[0].name
        self._outputs = tuple(output.name for output in self._session.get_outputs())

    def run(self, batch: NDArray[np.float32]) -> Arrays:
        """Return the outputs by name for a batch (N, 3, S, S)."""
        values = self._session.run(None, {self._input: batch})
        return dict(zip(self._outputs, values, strict=True))
