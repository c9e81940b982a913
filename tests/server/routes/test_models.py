"""Models are listed, described and shown; nothing outside their folders is."""

import hashlib
import io

import pytest
from PIL import Image

from cli.inspect import describe_model
from diffusion.errors import UnreadableFile


async def get(client, path, status=200):
    answer = await client.get(path)
    assert answer.status == status, await answer.text()
    return await answer.json(content_type=None)


def test_kinds_and_files_are_listed_with_their_pictures(ask):
    async def script(client):
        kinds = await get(client, "/api/v1/models")
        listed = (await get(client, "/api/v1/models/checkpoints"))["models"]
        return kinds["kinds"], listed, await (await client.get(listed[0]["preview"])).read()

    kinds, listed, preview = ask(script)
    assert "checkpoints" in kinds and [model["name"] for model in listed] == ["small.safetensors"]
    with Image.open(io.BytesIO(preview)) as picture:
        assert picture.format == "WEBP" and picture.size == (256, 192)


def test_a_model_in_a_sub_folder_goes_by_its_whole_name(ask, base):
    folder = base / "models/loras/styles of mine"
    folder.mkdir(parents=True)
    (folder / "a.safetensors").write_bytes(b"\x02\0\0\0\0\0\0\0{}")

    async def script(client):
        model = await get(client, "/api/v1/models/loras/styles%20of%20mine/a.safetensors?hashes=1")
        return model, await get(client, "/api/v1/models/loras/styles%20of%20mine%2Fa.safetensors")

    model, again = ask(script, describe=describe_model)
    content = b"\x02\0\0\0\0\0\0\0{}"
    assert model["name"] == again["name"] == "styles of mine/a.safetensors"
    assert model["hashes"]["sha256"] == hashlib.sha256(content).hexdigest()
    assert model["hashes"]["AutoV3"] == hashlib.sha256(b"{}"[2:]).hexdigest()[:12]
    assert model["sentences"] and model["metadata"] == {} and model["preview"] is None


def test_a_file_that_cannot_be_read_is_described_as_that(ask):
    def unreadable(path):
        raise UnreadableFile("small.safetensors is truncated.")

    model = ask(lambda client: get(client, "/api/v1/models/checkpoints/small.safetensors"), describe=unreadable)
    assert model["unreadable"] == "small.safetensors is truncated." and model["size"] == 10


@pytest.mark.parametrize(
    "path",
    [
        "nothing",
        "checkpoints/none.safetensors",
        "checkpoints/..%2F..%2Finput%2Fred.png",
        "checkpoints/%2Fetc%2Fpasswd",
        "checkpoints/small.safetensors/x",
        "loras/none/preview",
        "checkpoints/a%00b",
    ],
)
def test_what_is_not_there_is_a_sentence(ask, path):
    async def script(client):
        answer = await client.get(f"/api/v1/models/{path}")
        return answer.status, await answer.json(content_type=None)

    status, problem = ask(script)
    assert status in (400, 404) and problem["detail"]
