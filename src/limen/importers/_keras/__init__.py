"""Reading Keras models without Keras: file -> configuration and weights -> ONNX graph."""
