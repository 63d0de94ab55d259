"""Pixels of Pillow and of Hugging Face's image processors for preprocess_test.ts.

    pip install transformers pillow numpy
    SEVEN_DATA=/path/to/data python tests/parity/preprocess.py > tests/parity/preprocess.json && deno fmt tests/parity

Bytes are stored as a checksum of all of them and a sample of 64, evenly spaced: position k * (length - 1) // 63. Values
of processors are stored as such a sample. Layout is channel, row, column.
"""

import json
import os
import warnings
import zlib

import numpy as np
import PIL
import transformers
from PIL import Image
from transformers import CLIPImageProcessorPil, DeiTImageProcessorPil, ViTImageProcessorPil

warnings.simplefilter("ignore")
data = os.environ.get("SEVEN_DATA", "/work/shared/data")
folder = f"{data}/imagenet-samples"
files = sorted(name for name in os.listdir(folder) if name.endswith(".JPEG"))


def sample(array):
    flat = np.ascontiguousarray(array).reshape(-1)
    return flat[[k * (flat.size - 1) // 63 for k in range(64)]]


def dump(pixels):
    planes = pixels.transpose(2, 0, 1) if pixels.ndim == 3 else pixels
    planes = np.ascontiguousarray(planes.astype(np.uint8))
    return {
        "shape": list(planes.shape),
        "crc": zlib.crc32(planes.tobytes()),
        "sample": " ".join(str(x) for x in sample(planes)),
    }


def small(name):
    """CIFAR and MNIST images as arrays."""
    if name == "cifar":
        raw = np.fromfile(f"{data}/cifar10/data_batch_1.bin", np.uint8, 3073 * 4).reshape(4, 3073)
        return [image.reshape(3, 32, 32).transpose(1, 2, 0) for image in raw[:, 1:]]
    import gzip

    raw = gzip.open(f"{data}/mnist/t10k-images-idx3-ubyte.gz").read(16 + 4 * 784)[16:]
    return list(np.frombuffer(raw, np.uint8).reshape(4, 28, 28))


configs = {
    "ViT": {"image_processor_type": "ViTImageProcessor"},
    "ViT feature extractor, one number": {
        "feature_extractor_type": "ViTFeatureExtractor",
        "size": 384,
        "resample": 2,
        "image_mean": [0.485, 0.456, 0.406],
        "image_std": [0.229, 0.224, 0.225],
    },
    "ViT nearest": {"image_processor_type": "ViTImageProcessor", "size": {"height": 97, "width": 131}, "resample": 0},
    "DeiT": {"image_processor_type": "DeiTImageProcessor"},
    "CLIP": {"image_processor_type": "CLIPImageProcessor"},
    "CLIP, one number": {"feature_extractor_type": "CLIPFeatureExtractor", "size": 336, "crop_size": 336, "resample": 3},
    "CLIP crop beyond the picture": {
        "image_processor_type": "CLIPImageProcessor",
        "size": {"shortest_edge": 100},
        "crop_size": {"height": 133, "width": 90},
    },
    "not normalised": {
        "image_processor_type": "ViTImageProcessor",
        "do_resize": False,
        "do_normalize": False,
        "do_center_crop": True,
        "crop_size": {"height": 200, "width": 201},
        "rescale_factor": 0.00784313725490196,
    },
}
classes = {"ViT": ViTImageProcessorPil, "DeiT": DeiTImageProcessorPil, "CLIP": CLIPImageProcessorPil}


def processor(config):
    name = config.get("image_processor_type") or config["feature_extractor_type"]
    kind = classes[name.replace("ImageProcessor", "").replace("FeatureExtractor", "")]
    rest = {k: v for k, v in config.items() if not k.endswith("_type")}
    return kind(**rest)


def run(config, image):
    """Values of the processor, and the bytes that they are made of."""
    made = processor(config)
    values = np.asarray(made(image, return_tensors="np")["pixel_values"][0], np.float32)
    plain = processor({**config, "do_rescale": False, "do_normalize": False})
    pixels = np.asarray(plain(image, return_tensors="np")["pixel_values"][0])
    assert pixels.dtype == np.uint8
    return {
        **dump(pixels.transpose(1, 2, 0)),
        "values": " ".join(f"{x:.8g}" for x in sample(values)),
    }


photos = {name: Image.open(f"{folder}/{name}").convert("RGB") for name in files}
filters = {"nearest": Image.NEAREST, "bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC}
resized = []
for source in ("cifar", "mnist"):
    for i, image in enumerate(small(source)):
        for size in ((224, 224), (20, 45), (28, 7)):
            for name, number in filters.items():
                out = np.asarray(Image.fromarray(image).resize(size[::-1], number))
                resized.append({"source": source, "index": i, "size": list(size), "filter": name, **dump(out)})

print(
    json.dumps(
        {
            "transformers": transformers.__version__,
            "pillow": PIL.__version__,
            "decoded": {name: dump(np.asarray(image)) for name, image in photos.items()},
            "grey": {name: dump(np.asarray(photos[name].convert("L"))) for name in files[:2]},
            "resized": resized,
            "processors": [
                {"config": config, "name": name, "files": {file: run(config, photos[file]) for file in files}}
                for name, config in configs.items()
            ],
        }
    )
)
