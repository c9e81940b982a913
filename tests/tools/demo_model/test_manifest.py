from tools.demo_model import manifest


def test_every_shipped_file_is_the_one_that_was_measured():
    assert manifest.measure(manifest.MODELS) == manifest.read()


def test_adapters_are_small(models):
    adapters = ("loras/", "embeddings/", "hypernetworks/")
    sizes = [entry["bytes"] for name, entry in manifest.read().items() if name.startswith(adapters)]
    assert max(sizes) < 1_000_000
