"""What transformers and onnxruntime make of a run folder, beside what this package gave: see run_folder.ts."""

import sys

import numpy as np
import onnxruntime
import torch
import transformers
from safetensors.numpy import load_file

run, inputs_file = sys.argv[1:3]
given = load_file(inputs_file)
config = transformers.AutoConfig.from_pretrained(run)
model_class = getattr(transformers, config.architectures[0])
model = model_class.from_pretrained(run).eval()
names = {"ids": "input_ids", "mask": "attention_mask", "typeIds": "token_type_ids", "images": "pixel_values"}
inputs = {names[key]: value for key, value in given.items() if key in names}
tensors = {
    key: torch.from_numpy(value.astype(np.int64) if value.dtype == np.uint32 else value) for key, value in inputs.items()
}
with torch.no_grad():
    theirs = model(**tensors).logits.numpy()
zeros = sum((p == 0).sum().item() for p in model.parameters())
print(f"transformers {transformers.__version__}, {model_class.__name__}: {zeros} zeros,"
      f" greatest difference {np.abs(theirs - given['logits']).max():.2e}")
if len(sys.argv) > 3:
    session = onnxruntime.InferenceSession(f"{sys.argv[3]}/model.onnx")
    feed = {key: value.numpy() for key, value in tensors.items()}
    (logits,) = session.run(["logits"], feed)
    print(f"onnxruntime {onnxruntime.__version__}: greatest difference {np.abs(logits - given['logits']).max():.2e}")
