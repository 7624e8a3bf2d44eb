"""Runs the program that is named with every tensor checked."""

import runpy
import sys

import tensorflow as tf

tf.debugging.enable_check_numerics()
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name="__main__")
