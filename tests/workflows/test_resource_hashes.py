from workflows.resource_hashes import resource_hashes, stem

DIGEST = "0123456789abcdef"


def test_each_resource_has_the_digits_it_is_known_by():
    known = resource_hashes(
        "sd15\\model.v2.safetensors",
        "vae.pt",
        ["styles/neon.safetensors"],
        ["a (embedding:bad:1.2), b"],
        lambda *_: DIGEST,
    )
    assert known == {
        "model": "0123456789",
        "vae": "0123456789",
        "lora:neon": "0123456789ab",
        "embed:bad": "0123456789",
    }


def test_what_has_no_file_here_is_left_out():
    assert resource_hashes("a", None, ["b"], ["embedding:c"], lambda *_: None) == {}


def test_a_stem_keeps_points_that_are_no_ending():
    assert [stem(name) for name in ("a/b.v2.safetensors", "b.v2", "c.ckpt")] == ["b.v2", "b.v2", "c"]
