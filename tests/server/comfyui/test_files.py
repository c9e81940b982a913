"""Files over the public routes: found inside their folders, kept whole, shown in channels."""

import io
import json

import pytest
from aiohttp import FormData
from PIL import Image


def form(name="up.png", color=(255, 0, 0), size=(8, 8), **fields) -> FormData:
    written = io.BytesIO()
    Image.new("RGBA" if len(color) == 4 else "RGB", size, color).save(written, "PNG")
    data = FormData()
    for key, value in fields.items():
        data.add_field(key, value)
    data.add_field("image", written.getvalue(), filename=name, content_type="image/png")
    return data


def test_the_same_picture_keeps_its_name_and_another_gets_a_number(public, run):
    async def scenario():
        async with public(working=False) as client:
            first = await (await client.post("/upload/image", data=form())).json()
            again = await (await client.post("/api/upload/image", data=form())).json()
            other = await (await client.post("/upload/image", data=form(color=(0, 255, 0)))).json()
            over = await (await client.post("/upload/image", data=form(color=(0, 0, 255), overwrite="true"))).json()
            assert first == again == over == {"name": "up.png", "subfolder": "", "type": "input"}
            assert other["name"] == "up (1).png"
            sub = await (await client.post("/upload/image", data=form(subfolder="a/b", type="temp"))).json()
            assert sub == {"name": "up.png", "subfolder": "a/b", "type": "temp"}
            reply = await client.get("/view", params={"filename": "up.png", "subfolder": "a/b", "type": "temp"})
            assert reply.status == 200 and reply.content_type == "image/png"

    run(scenario())


def test_a_mask_takes_the_colors_of_its_original_and_keeps_its_texts(public, run, base):
    from PIL.PngImagePlugin import PngInfo

    texts = PngInfo()
    texts.add_text("prompt", "{}")
    Image.new("RGB", (16, 16), (10, 20, 30)).save(base / "input/original.png", pnginfo=texts)

    async def scenario():
        async with public(working=False) as client:
            reference = json.dumps({"filename": "original.png", "subfolder": "", "type": "input"})
            sent = form("mask.png", (0, 0, 0, 128), (16, 16), original_ref=reference)
            said = await (await client.post("/upload/mask", data=sent)).json()
            with Image.open(base / "input" / said["name"]) as picture:
                assert picture.convert("RGBA").getpixel((3, 3)) == (10, 20, 30, 128)
                assert picture.info["prompt"] == "{}"
            assert (await client.post("/upload/mask", data=form(original_ref="{}"))).status == 400
            assert (await client.post("/upload/mask", data=form())).status == 400

    run(scenario())


def test_channels_and_previews_of_a_picture(public, run, base):
    Image.new("RGBA", (2000, 100), (10, 20, 30, 40)).save(base / "input/wide.png")

    async def shown(client, **query):
        reply = await client.get("/view", params={"filename": "wide.png", "type": "input", **query})
        assert reply.status == 200
        return Image.open(io.BytesIO(await reply.read()))

    async def scenario():
        async with public(working=False) as client:
            assert (await shown(client, channel="rgb")).getpixel((0, 0)) == (10, 20, 30)
            assert (await shown(client, channel="a")).getpixel((0, 0))[3] == 40
            assert (await shown(client, preview="webp;90")).size[0] == 1024
            assert (await client.get("/view?filename=wide.png&type=input&channel=x")).status == 400

    run(scenario())


@pytest.mark.parametrize(
    "query",
    [
        "filename=../secret.txt",
        "filename=secret.txt&subfolder=..",
        "filename=/etc/passwd",
        "filename=C:%5Csecret",
        "filename=..%5Csecret.txt",
        "filename=a%00.png",
        "filename=",
        "filename=red.png&type=models",
        "filename=link/secret.txt",
    ],
)
def test_nothing_outside_the_folders_can_be_named(public, run, base, query):
    (base / "secret.txt").write_text("secret")
    (base / "output/link").symlink_to(base)

    async def scenario():
        async with public(working=False) as client:
            reply = await client.get(f"/view?{query}")
            assert reply.status in (400, 403, 404) and "secret\n" not in await reply.text()
            assert str(base) not in await reply.text()

    run(scenario())


def test_pages_and_scripts_are_only_ever_downloaded(public, run, base):
    for name in ("evil.html", "evil.svg", "evil.js", "evil.css"):
        (base / "output" / name).write_text("<script>alert(1)</script>")

    async def scenario():
        async with public(working=False) as client:
            for name in ("evil.html", "evil.svg", "evil.js", "evil.css"):
                reply = await client.get("/view", params={"filename": name})
                assert reply.content_type == "application/octet-stream", name
                assert reply.headers["Content-Disposition"] == f'attachment; filename="{name}"'
                assert reply.headers["X-Content-Type-Options"] == "nosniff"

    run(scenario())


def test_names_with_spaces_and_other_scripts_are_found_and_told(public, run, base):
    for name in ("a b.png", "绿 ü.png", 'quo"te.png'):
        Image.new("RGB", (2, 2)).save(base / "output" / name)

    async def scenario():
        async with public(working=False) as client:
            reply = await client.get("/view", params={"filename": "a b.png", "rand": "0.5"})
            assert reply.headers["Content-Disposition"] == 'inline; filename="a b.png"'
            reply = await client.get("/view", params={"filename": "绿 ü.png", "type": "output", "subfolder": ""})
            assert reply.headers["Content-Disposition"] == (
                "inline; filename=\"? ?.png\"; filename*=UTF-8''%E7%BB%BF%20%C3%BC.png"
            )
            reply = await client.head("/view", params={"filename": 'quo"te.png'})
            assert reply.status == 200 and reply.headers["Content-Disposition"].count('"') == 2
            assert await reply.read() == b""

    run(scenario())


@pytest.mark.parametrize("subfolder", ["..", "/etc", "a/../..", "C:/x", "con"])
def test_uploads_stay_in_their_folder(public, run, base, subfolder):
    async def scenario():
        async with public(working=False) as client:
            reply = await client.post("/upload/image", data=form(subfolder=subfolder))
            assert reply.status in (200, 400, 403)
            assert not list(base.parent.glob("*.png")) and not list(base.glob("*.png"))

    run(scenario())


def test_what_is_no_picture_is_refused(public, run):
    async def scenario():
        async with public(working=False) as client:
            data = FormData()
            data.add_field("image", b"MZ not a picture", filename="a.png")
            assert (await client.post("/upload/image", data=data)).status == 415
            assert (await client.post("/upload/image", data=b"x")).status == 400
            assert (await client.post("/upload/image", json={})).status == 400

    run(scenario())


def test_models_are_listed_by_kind_and_described(public, run):
    async def scenario():
        async with public(working=False) as client:
            assert "checkpoints" in await (await client.get("/models")).json()
            assert await (await client.get("/models/checkpoints")).json() == ["small.safetensors"]
            assert (await client.get("/models/nothing")).status == 404
            assert await (await client.get("/embeddings")).json() == []
            (file,) = await (await client.get("/experiment/models/checkpoints")).json()
            assert file["name"] == "small.safetensors" and file["pathIndex"] == 0 and file["size"] > 0
            picture = await client.get("/experiment/models/preview/checkpoints/0/small.safetensors")
            assert picture.content_type == "image/webp"
            silent = await client.get("/view_metadata/checkpoints?filename=small.safetensors")
            assert silent.status == 404
            paths = await (await client.get("/internal/folder_paths")).json()
            assert paths["checkpoints"] == ["checkpoints"]
            assert await (await client.get("/internal/files/input")).json() == ["red.png"]

    run(scenario())
