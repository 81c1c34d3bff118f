"""Image files and metadata texts built in code, as the tools write them."""

import io
import json
import struct
import zlib
from typing import Any

from PIL import Image

INFOTEXT = (
    "a red fox, <lora:fur_detail:0.8>\nmasterpiece\nNegative prompt: blurry,\nlow quality\n"
    "Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7, Seed: 1234567890, Size: 1024x1024, "
    "Model hash: 6ce0161689, Model: foxModel_v1, Clip skip: 2, Version: v1.10.1"
)
FINAL_INFOTEXT = INFOTEXT.replace(
    "Clip skip: 2, Version: v1.10.1",
    "Denoising strength: 0.4, Clip skip: 2, Face restoration: CodeFormer, Hires upscale: 2, Hires steps: 10, "
    "Hires upscaler: 4x-UltraSharp, Version: v1.9.4",
)


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_file(before: bytes = b"", after: bytes = b"") -> bytes:
    """A 2 × 2 PNG with chunks put before and after its pixels."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 0, 0, 0, 0))
    pixels = png_chunk(b"IDAT", zlib.compress(b"\x00\x01\x02" * 2))
    return b"\x89PNG\r\n\x1a\n" + header + before + pixels + after + png_chunk(b"IEND", b"")


def text_chunk(keyword: str, text: str) -> bytes:
    return png_chunk(b"tEXt", keyword.encode("latin-1") + b"\x00" + text.encode("latin-1"))


def compressed_chunk(keyword: str, text: bytes) -> bytes:
    return png_chunk(b"zTXt", keyword.encode() + b"\x00\x00" + zlib.compress(text, 9))


def international_chunk(keyword: str, text: str, compressed: bool = False) -> bytes:
    raw = text.encode()
    flags = b"\x01\x00" if compressed else b"\x00\x00"
    return png_chunk(
        b"iTXt", keyword.encode() + b"\x00" + flags + b"\x00\x00" + (zlib.compress(raw) if compressed else raw)
    )


def user_comment(text: str, order: str = "utf-16-be") -> bytes:
    return b"UNICODE\x00" + text.encode(order, "surrogatepass")


def exif_block(comment: bytes, description: str | None = None) -> bytes:
    exif = Image.Exif()
    if description is not None:
        exif[0x010E] = description
    exif.get_ifd(0x8769)[0x9286] = comment
    return exif.tobytes()


def image_file(image_format: str, exif: bytes | None = None, **options: Any) -> bytes:
    """An 8 × 8 picture in any format that Pillow writes."""
    buffer = io.BytesIO()
    extra = {"exif": exif} if exif is not None else {}
    Image.new("RGB", (8, 8), (200, 60, 20)).save(buffer, image_format, **extra, **options)
    return buffer.getvalue()


def comfy_graph(**sampler: object) -> dict[str, Any]:
    """ComfyUI's default graph with one save node."""
    settings = {"seed": 99, "steps": 20, "cfg": 8.0, "sampler_name": "euler", "scheduler": "karras", "denoise": 1.0}
    links = {"model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["5", 0]}
    return {
        "3": {"class_type": "KSampler", "inputs": {**settings, **links, **sampler}},
        "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sdxl/fox.safetensors"}},
        "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 1024, "height": 768, "batch_size": 4}},
        "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a red fox", "clip": ["4", 1]}},
        "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "blurry", "clip": ["4", 1]}},
        "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
        "9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "fox", "images": ["8", 0]}},
    }


def with_hires_pass(graph: dict[str, Any]) -> dict[str, Any]:
    """The graph with a second sampler over the upscaled latent, saved beside the first picture."""
    second = {**graph["3"]["inputs"], "seed": 5, "steps": 8, "denoise": 0.5, "latent_image": ["10", 0]}
    return {
        **graph,
        "10": {"class_type": "LatentUpscale", "inputs": {"samples": ["3", 0], "width": 2048, "height": 1536}},
        "11": {"class_type": "KSampler", "inputs": second},
        "12": {"class_type": "VAEDecode", "inputs": {"samples": ["11", 0], "vae": ["4", 2]}},
        "13": {"class_type": "SaveImage", "inputs": {"filename_prefix": "fox_final", "images": ["12", 0]}},
    }


def comfy_carriers(graph: dict[str, Any]) -> dict[str, str]:
    return {"prompt": json.dumps(graph)}
