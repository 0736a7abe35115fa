"""Text from outside costs no more time than its length: nothing that reads it can be hung by it.

Every reader (``support.hostile_text.READERS``) is given a small page of one hostile fragment over
and over: made from the patterns that the code itself has, and what is known to be slow elsewhere.
Each reading has a minute, as several tests run at once; most need some hundredths of a second, a
page of 40,000 elements some ten, and what is not linear takes minutes.
"""

import json
import os
import queue
import random
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support import hostile_text
from support.counts import count

CASES = count("SONGNGU_FUZZ", 1)
"""Random texts for each reader; SONGNGU_FUZZ sets it."""

LIMIT_S = 180.0
START_S = 120.0
WORKERS = min(2, os.cpu_count() or 1)

# What was once slow, or took for ever: (reader, beginning, fragment, end).
KNOWN = (
    ("what text is", "", "http://a", " x"),
    ("page text", "", "a", ""),
    ("page text, in one line with prose", "", ".", "x"),
    ("html, broken json-ld", "", "\n", "x"),
    ("html, json-ld", "x", " ", ""),
    ("html, metadata", "", "(", ""),
    ("html, metadata", "", "<", ""),
    ("html, paragraph", "", "\u0323\u0302", ""),
    ("html, body", "", "&#803;&#770;", ""),
    ("html, its feeds and robots", "", "<link a", ""),
    ("html, its feeds and robots", "", f"<meta {'a' * 1900}>", ""),
    ("feed, author", "ww", "_the-contentww", ""),
    ("feed, head", "?>", "\n", ""),
    ("feed, document type", "", "\n<!ENTITY ", ""),
    ("robots.txt, many rules for many", "", "a ", ""),
    ("headers", "", '";', ""),
    ("names", "", " ", "x"),
    ("names", "", "=", ""),
    ("names", "", "Staff ", "x"),
    ("signatures", "", "/am", ""),
    ("signatures", "&a=", "{", ""),
    ("article, authors", "a", " ", "b"),
    ("article, tags", "a", " ", "b"),
    ("article, title repeated", "", "list_comme ", ""),
    ("article, list of authors", "More in:", "\u0323\u0302", ""),
    ("tables, header", "", "\u0345\u0301", ""),
    ("warc, page", "", "<!---->", "x"),
    ("tidying", "", "<!--", ""),
    ("tidying", "", "<script>", ""),
    ("normal forms", "", "\u0327\u0301", ""),
    ("keys of Telex and VNI", "", "an", ""),
    ("word fields, vi", "", "m.", ""),
    ("passages", "?!”", ".", "x"),
    ("copies", "", "\u0345\u0301", ""),
    ("snippets, of the text", "11114", "+4", ""),
)


class Reader:
    """A program that reads, and is ended when it does not."""

    def __init__(self):
        tests = Path(hostile_text.__file__).parents[1]
        path = os.pathsep.join([str(tests), str(tests.parent)])
        self.program = subprocess.Popen(
            [sys.executable, "-m", "support.hostile_text"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ | {"PYTHONPATH": path},
        )
        self.answers = queue.SimpleQueue()
        threading.Thread(target=self.listen, daemon=True).start()
        self.answer(START_S)

    def listen(self):
        for line in self.program.stdout:
            self.answers.put(json.loads(line))
        self.answers.put({"error": "the program ended"})

    def answer(self, seconds):
        try:
            return self.answers.get(timeout=seconds)
        except queue.Empty:
            return {"error": f"took more than {seconds:.0f} s"}

    def read(self, reader, text):
        self.program.stdin.write(json.dumps({"reader": reader, "text": text}) + "\n")
        self.program.stdin.flush()
        return self.answer(LIMIT_S)

    def end(self):
        self.program.kill()
        self.program.communicate()


@pytest.fixture(scope="module")
def read():
    """Read cases, several at a time → what went wrong, a line each."""
    idle = queue.SimpleQueue()
    for _ in range(WORKERS):
        idle.put(Reader())

    def one(case):
        reader, text = case
        program = idle.get()
        answer = program.read(reader, text)
        if answer["error"]:
            program.end()
            program = Reader()
        idle.put(program)
        return f"{reader}, {text[:80]!r}: {answer['error']}" if answer["error"] else None

    def all_of(cases):
        with ThreadPoolExecutor(WORKERS) as pool:
            return [wrong for wrong in pool.map(one, cases) if wrong]

    yield all_of
    for _ in range(WORKERS):
        idle.get().end()


def repeated(before, fragment, after):
    return before + fragment * (hostile_text.SIZE // len(fragment)) + after


def test_what_was_slow_once_is_not_again(read):
    wrong = read((reader, repeated(*parts)) for reader, *parts in KNOWN)
    assert not wrong, "\n".join(wrong)


def test_nothing_is_hung_by_what_it_reads(read):
    seed = random.SystemRandom().randrange(1 << 32)
    rng, known = random.Random(seed), hostile_text.patterns()
    cases = [
        (reader, hostile_text.hostile(rng, known))
        for reader in hostile_text.READERS
        for _ in range(CASES)
    ]
    wrong = read(cases)
    assert not wrong, f"seed {seed}\n" + "\n".join(wrong)
