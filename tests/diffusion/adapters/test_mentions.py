import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffusion.adapters.mentions import Mention, listed_mentions, split_mentions
from diffusion.errors import AdapterMismatch


@pytest.mark.parametrize(
    ("prompt", "mention"),
    [
        ("<lora:neon>", Mention("lora", "neon")),
        ("<lora:neon:0.8>", Mention("lora", "neon", 0.8, 0.8)),
        ("<lora:neon:0.8:0.5>", Mention("lora", "neon", 0.8, 0.5)),
        ("<lora:styles/neon v2:-1>", Mention("lora", "styles/neon v2", -1.0, -1.0)),
        ("<lora:neon:te=0.5:unet=1>", Mention("lora", "neon", 1.0, 0.5)),
        ("<lora:neon:0.7:te=0>", Mention("lora", "neon", 0.7, 0.0)),
        ("<lora:neon:1:dyn=4>", Mention("lora", "neon", options=(("rank", "4"),))),
        ("<lora:neon:1:lbw=NONE>", Mention("lora", "neon", options=(("blocks", "0" + ",0" * 25),))),
        ("<LoRA:neon:0.5>", Mention("lora", "neon", 0.5, 0.5)),
        ("<lyco:neon:0.5>", Mention("lora", "neon", 0.5, 0.5)),
        ("<hypernet:brush:0.4>", Mention("hypernet", "brush", 0.4, 0.4)),
    ],
)
def test_a_mention_names_an_adapter_and_its_strengths(prompt, mention):
    assert split_mentions(prompt).mentions == (mention,)


@pytest.mark.parametrize(
    ("prompt", "mention"),
    [
        ("<lora:neon>", Mention("lora", "neon")),
        ("<lora:neon:0.8>", Mention("lora", "neon", 0.8, 0.8)),
        ("<lora:neon:0.8:0.5>", Mention("lora", "neon", 0.5, 0.8)),
        ("<lyco:neon:0.8:0.5:dyn=4>", Mention("lora", "neon", 0.5, 0.8, (("rank", "4"),))),
        ("<lora:neon:te=0.5:unet=1>", Mention("lora", "neon", 1.0, 0.5)),
        ("<lora:neon:te=0.5>", Mention("lora", "neon", 0.5, 0.5)),
        ("<lora:neon:0.7:unet=0>", Mention("lora", "neon", 0.0, 0.7)),
        ("<hypernet:brush:0.4>", Mention("hypernet", "brush", 0.4, 0.4)),
    ],
)
def test_in_a1111s_order_the_text_encoders_strength_comes_first(prompt, mention):
    assert split_mentions(prompt, text_first=True).mentions == (mention,)


def test_mentions_leave_the_text_in_their_order():
    taken = split_mentions("a cat <lora:b:1>, at night <lora:a:0.5>")
    assert taken.text == "a cat , at night "
    assert [mention.name for mention in taken.mentions] == ["b", "a"]


@pytest.mark.parametrize(
    "prompt",
    [
        "<lora:neon:strong>",
        "<lora:neon:nan>",
        "<lora:neon:1:2:3>",
        "<lora:neon:1:x=2>",
        "<lora:neon:dyn=0>",
        "<lora:neon:lbw=1,2>",
    ],
)
def test_a_mention_that_cannot_be_understood_is_left_out_with_a_sentence(prompt):
    taken = split_mentions(f"a cat {prompt}")
    assert (taken.text, taken.mentions) == ("a cat ", ())
    (problem,) = taken.problems
    assert problem.startswith(f"{prompt} in the prompt is left out: ")


def test_lines_name_adapters_in_their_order():
    lines = "neon:0.8\n\n# pixel:1\n  rocket : 1 : 0\nstyles/sea v2:lbw=ALL:dyn=4\n<lora:castle:0.5>"
    assert listed_mentions(lines) == (
        Mention("lora", "neon", 0.8, 0.8),
        Mention("lora", "rocket", 1.0, 0.0),
        Mention("lora", "styles/sea v2", options=(("rank", "4"),)),
        Mention("lora", "castle", 0.5, 0.5),
    )


def test_a_line_that_cannot_be_understood_is_an_error():
    with pytest.raises(AdapterMismatch, match="'neon:strong' should be name:model:clip: 'strong' is no number"):
        listed_mentions("pixel\nneon:strong")


@given(st.text(alphabet="ab<>: ,()=1.", max_size=40))
def test_text_without_mentions_stays_as_it_is(prompt):
    assert split_mentions(prompt).text == prompt
