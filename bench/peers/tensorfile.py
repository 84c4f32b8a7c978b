"""Writes and reads safetensors files, and turns PyTorch's layouts into Espalier's."""

import json
import struct

import torch


def to_espalier(t):
    """NCHW -> NHWC for activations is the caller's business (`nhwc`); this is for parameters:
    convolution OIHW -> HWIO, linear [out, in] -> [in, out], everything else as it is."""
    if t.dim() == 4:
        return t.permute(2, 3, 1, 0)
    if t.dim() == 2:
        return t.t()
    return t


def nhwc(t):
    return t.permute(0, 2, 3, 1)


def write(path, tensors, metadata):
    """Everything becomes float32; names are sorted, so the same content is the same bytes."""
    header, chunks, offset = {"__metadata__": {k: metadata[k] for k in sorted(metadata)}}, [], 0
    for name in sorted(tensors):
        t = tensors[name].detach().to(torch.float32).contiguous()
        if not torch.isfinite(t).all():
            raise ValueError("%s is not finite" % name)
        data = struct.pack("<%df" % t.numel(), *t.flatten().tolist())
        end = offset + len(data)
        header[name] = {"dtype": "F32", "shape": list(t.shape), "data_offsets": [offset, end]}
        chunks.append(data)
        offset = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # data starts on a multiple of 8
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + b"".join(chunks))


def read(path):
    """Returns (tensors, metadata)."""
    with open(path, "rb") as f:
        (length,) = struct.unpack("<Q", f.read(8))
        header = json.loads(f.read(length).decode())
        data = f.read()
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        a, b = entry["data_offsets"]
        values = struct.unpack("<%df" % ((b - a) // 4), data[a:b])
        tensors[name] = torch.tensor(values, dtype=torch.float32).reshape(entry["shape"])
    return tensors, metadata
