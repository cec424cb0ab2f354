"""Milliseconds of CPU that ONNX Runtime takes to run the detector once, by one thread.

    python detector.py MODEL SIDE
"""

import sys
import time

import numpy
import onnx
import onnxruntime
from onnx import numpy_helper

RUNS = 5


def main():
    path, side = sys.argv[1], int(sys.argv[2])
    model = onnx.load(path)
    # The weights are at half precision on disk alone.
    for tensor in model.graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT16:
            values = numpy_helper.to_array(tensor).astype(numpy.float32)
            tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    noise = numpy.random.default_rng(1).uniform(0, 255, (1, 3, side, side))
    values = {session.get_inputs()[0].name: noise.astype(numpy.float32)}
    session.run(None, values)
    before = time.process_time()
    for _ in range(RUNS):
        session.run(None, values)
    print(1000 * (time.process_time() - before) / RUNS)


if __name__ == "__main__":
    main()
