"""Each rule by which a line of page text is known, on its own example."""

from dataclasses import replace

import pytest

from indexer.pages import lines
from indexer.pages.lines import RULES, read_lines


@pytest.mark.parametrize("number", range(len(RULES)))
def test_each_rule_knows_its_example_and_none_above_it_does(number, monkeypatch):
    decided = []

    def noting(i, rule):
        def says(given):
            said = rule.says(given)
            decided.extend([i] if said is not None else [])
            return said

        return replace(rule, says=says)

    monkeypatch.setattr(lines, "RULES", tuple(noting(i, rule) for i, rule in enumerate(RULES)))
    last = read_lines(RULES[number].example)[-1]
    assert (decided[-1], last.kind) == (number, RULES[number].kind)
