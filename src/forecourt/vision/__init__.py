"""Vision: bytes → RGB → prediction → decision. The only home of image codecs and ONNX Runtime."""
