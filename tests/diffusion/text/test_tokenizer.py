import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import CLIPTokenizer

from diffusion.text.tokenizer import END, START, VOCABULARY, read_vocabulary, tokenize

TEXTS = [
    "",
    " ",
    "a photo of a cat",
    "A PHOTO of\n\n a\tCat",
    "don't can't we've I'm they'll he'd IT'S",
    "masterpiece, best quality, (1girl:1.2), [x], {y|z}",
    "äöü ÄÖÜ ß é e\u0301 Ångström naïve",
    "İstanbul ΑΣ ς",
    "你好 世界 日本語テキスト 한국어",
    "🎉🎊 👨‍👩‍👧 ✨",
    "1234 3.14 2e5 ½ ²",
    "___ -- ... !? <|endoftext|> <|startoftext|> <|EndOfText|>",
    "\x00 \x07 \u200b zero\u200bwidth \ufeff \xa0nbsp",
    "antidisestablishmentarianism supercalifragilistic",
    "embedding:foo.pt lowres,text,error",
    "&amp; &lt;tag&gt;",
    "a\r\nb\u2028c\u3000d",
]


@pytest.fixture(scope="module")
def reference():
    vocabulary, merges = read_vocabulary(VOCABULARY)
    return CLIPTokenizer(vocab=vocabulary, merges=merges)


@pytest.mark.parametrize("text", TEXTS)
def test_ids_are_those_of_clips_tokenizer(reference, text):
    assert [START, *tokenize(text), END] == reference(text)["input_ids"]


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_any_text_has_the_ids_of_clips_tokenizer(reference, text):
    assert [START, *tokenize(text), END] == reference(text)["input_ids"]


def test_published_ids_of_a_known_sentence():
    assert tokenize("a photo of a cat") == (320, 1125, 539, 320, 2368)


def test_upper_case_and_white_space_make_no_difference():
    assert tokenize("  A\n Photo\tof  a CAT ") == tokenize("a photo of a cat")
