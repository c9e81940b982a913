"""The editor colors prompts by the weights that are encoded: one list of cases, tested on both sides."""

import json
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from diffusion.text.emphasis import emphasized
from diffusion.text.prompt import passages

CASES = Path(__file__).parents[2] / "web" / "test" / "document" / "prompt_weights.json"


def read(text, rules):
    found = passages(text) if rules == "default" else [passage for section in emphasized(text) for passage in section]
    weighed = [(passage.text, round(passage.weight, 4)) for passage in found if passage.text]
    return [["".join(map(itemgetter(0), run)), weight] for weight, run in groupby(weighed, key=itemgetter(1))]


def test_the_editors_cases_have_the_weights_that_are_encoded():
    cases = json.loads(CASES.read_text(encoding="utf-8"))
    assert len(cases) > 100
    assert [read(case["text"], case["rules"]) for case in cases] == [case["read"] for case in cases]
