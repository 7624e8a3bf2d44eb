"""What the reader knows of TensorFlow and Keras: tapes, layers, operations, optimizers, data."""
