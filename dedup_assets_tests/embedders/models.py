"""Checkpoints made on the spot: real architectures with random parameters, as none can be downloaded in a test."""

from pathlib import Path
from typing import Any

SMALL_CLIP = "ViT-S-32-alt"
"""The smallest CLIP model of open_clip: 256 numbers."""


def open_clip_checkpoint(folder: Path, seed: int = 0, model: str = SMALL_CLIP) -> Path:
    """A checkpoint of an open_clip model."""
    import open_clip
    import torch

    torch.manual_seed(seed)
    path = folder / f"{model}-{seed}.pt"
    torch.save(open_clip.create_model(model, pretrained_text=False).state_dict(), path)
    return path


def timm_checkpoint(folder: Path) -> Path:
    """A checkpoint of EfficientNet-B0."""
    import timm
    import torch

    torch.manual_seed(0)
    path = folder / "efficientnet_b0.pt"
    torch.save(timm.create_model("efficientnet_b0").state_dict(), path)
    return path


def sentence_transformer(folder: Path) -> Path:
    """A folder with a tiny BERT of 32 numbers and its words, laid out as a published BGE model is."""
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    torch.manual_seed(0)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "red", "blue", "fox", "shoe"]
    bare, place = folder / "bert", folder / "tiny-bge"
    bare.mkdir()
    (bare / "vocab.txt").write_text("\n".join(words))
    shape: dict[str, Any] = {
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
    }
    BertModel(BertConfig(vocab_size=len(words), max_position_embeddings=32, **shape)).save_pretrained(bare)
    BertTokenizerFast(str(bare / "vocab.txt"), model_max_length=32).save_pretrained(bare)
    SentenceTransformer(str(bare), device="cpu").save(str(place))
    return place
