"""Small pictures in many formats, and what Pillow makes of them, for decode_test.ts.

    pip install pillow numpy && python tests/parity/pictures.py > tests/parity/pictures.json && deno fmt tests/parity

Both the files and the pixels of Image.open(...).convert("RGB") are stored in base64.
"""

import base64
import io
import json

import numpy as np
import PIL
from PIL import Image

rows, columns = np.mgrid[0:14, 0:23]
red = (rows * 17 + columns * 5 + (columns > 11) * 60) % 256
rgb = np.stack([red, red[::-1] // 2, 255 - red], -1).astype(np.uint8)
image = Image.fromarray(rgb)
transparent = Image.fromarray(np.dstack([rgb, (columns * 11 % 256).astype(np.uint8)]))
turned = Image.Exif()
turned[0x0112] = 6  # rotated by a quarter, which convert("RGB") leaves alone

pictures = {}


def add(name, picture, **options):
    file = io.BytesIO()
    picture.save(file, format=name.split(".")[-1].replace("jpg", "jpeg"), **options)
    pixels = np.asarray(Image.open(file).convert("RGB"))
    pictures[name] = {
        "width": pixels.shape[1],
        "height": pixels.shape[0],
        "file": base64.b64encode(file.getvalue()).decode(),
        "pixels": base64.b64encode(pixels.tobytes()).decode(),
    }


add("420.jpg", image, quality=90)
add("422.jpg", image, quality=95, subsampling=1)
add("444.jpg", image, quality=75, subsampling=0)
add("progressive.jpg", image, quality=80, progressive=True)
add("grey.jpg", image.convert("L"), quality=90)
add("cmyk.jpg", image.convert("CMYK"), quality=90)
add("turned cmyk.jpg", image.convert("CMYK"), quality=90, exif=turned)
add("turned.jpg", image, quality=90, exif=turned)
add("one.jpg", image.resize((1, 1)), quality=90)
add("rgb.png", image)
add("rgba.png", transparent)
add("grey.png", image.convert("L"))
add("grey alpha.png", transparent.convert("LA"))
add("palette 8.png", image.quantize(40))
add("palette 4.png", image.quantize(11))
add("palette 2.png", image.quantize(4))
add("palette transparent.png", image.quantize(16), transparency=3)
add("bilevel.png", image.convert("1"))
add("turned.png", image, exif=turned)
add("lossless.webp", image, lossless=True)
add("lossy.webp", image, quality=80)
add("alpha.webp", transparent, lossless=True, exact=True)
add("turned.webp", image, lossless=True, exif=turned)
add("palette.gif", image)
add("animated.gif", image, save_all=True, append_images=[image.transpose(Image.Transpose.FLIP_TOP_BOTTOM)])
add("rgb.bmp", image)
print(json.dumps({"pillow": PIL.__version__, "pictures": pictures}))
