"""The committed translations are complete, up to date and compiled."""

import re
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po

import webui
from webui.i18n import DEFAULT_INTERFACE, INTERFACE_LANGUAGES

ROOT = Path(webui.__file__).parent
TRANSLATED = sorted(set(INTERFACE_LANGUAGES) - {DEFAULT_INTERFACE})
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%")


def catalog(lang):
    path = ROOT / "translations" / lang / "LC_MESSAGES" / "messages.po"
    return read_po(BytesIO(path.read_bytes()), locale=lang)


def texts():
    """Message ids in the code and templates, as babel.cfg and the keyword _l find them."""
    with (ROOT / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)
    keywords = {
        "_": None,
        "_l": None,
        "gettext": None,
        "ngettext": (1, 2),
    }
    found = extract_from_dir(ROOT, methods, options, keywords=keywords, comment_tags=())
    return {message for _, _, message, _, _ in found}


def strings_of(some_catalog):
    return {str(message.id): message.string for message in some_catalog if message.id}


@pytest.mark.parametrize("lang", TRANSLATED)
def test_every_text_is_in_the_catalog_and_nothing_else(lang):
    in_catalog = {
        tuple(message.id) if isinstance(message.id, list | tuple) else message.id
        for message in catalog(lang)
        if message.id
    }
    found = texts()
    assert len(found) > 80
    assert found == in_catalog


@pytest.mark.parametrize("lang", TRANSLATED)
def test_every_text_is_translated_with_its_placeholders(lang):
    for message in catalog(lang):
        if not message.id:
            continue
        source = message.id[-1] if isinstance(message.id, list | tuple) else message.id
        strings = message.string if isinstance(message.string, list | tuple) else [message.string]
        assert not message.fuzzy, source
        for string in strings:
            assert string.strip(), source
            assert sorted(PLACEHOLDER.findall(string)) == sorted(PLACEHOLDER.findall(source))
            # A trailing full stop, colon or none of them: as in the source.
            assert (string[-1] in ".:") == (source[-1] in ".:"), source


@pytest.mark.parametrize("lang", TRANSLATED)
def test_the_compiled_catalog_is_that_of_the_source(lang):
    compiled = BytesIO()
    write_mo(compiled, catalog(lang))
    compiled.seek(0)
    path = ROOT / "translations" / lang / "LC_MESSAGES" / "messages.mo"
    committed = read_mo(BytesIO(path.read_bytes()))
    assert strings_of(committed) == strings_of(read_mo(compiled))
