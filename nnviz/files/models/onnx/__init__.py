"""ONNX: `model` is the format; a graph is read operator by operator and followed as a chain of layers."""
