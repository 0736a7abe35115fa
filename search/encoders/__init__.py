"""Embedding models: the bundled one, and any sentence-transformers model."""

from __future__ import annotations

from search.encoders.base import Encoder, EncoderIdentity, identity

__all__ = ["Encoder", "EncoderIdentity", "identity", "load_encoder"]


def load_encoder(
    spec: str = "bundled", *, device: str | None = None, batch_size: int | None = None
) -> Encoder:
    """Load an encoder by name; nothing is imported that the one asked for does not need.

    Args:
        spec: "bundled", the hub name of a sentence-transformers model, or a folder with one.
        device: Where it computes, such as "cuda"; None lets it choose.
        batch_size: Texts embedded at once by a sentence-transformers model.

    Raises:
        EncoderError: There is no such model, or it cannot be loaded.
    """
    if spec in ("", "bundled"):
        from search.encoders.bundled import BundledEncoder

        return BundledEncoder(device=device)
    from search.encoders.sentence_transformers import SentenceTransformersEncoder

    return SentenceTransformersEncoder(spec, device=device, batch_size=batch_size or 32)
