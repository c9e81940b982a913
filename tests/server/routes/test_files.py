"""Files come in limited and whole, and go out so that they cannot act."""

import asyncio
import io
import struct
import zlib

import pytest
from aiohttp import FormData
from PIL import Image

from server.jobs import State
from server.parts import Limits


def png(color="green", size=(40, 30)):
    written = io.BytesIO()
    Image.new("RGB", size, color).save(written, "PNG")
    return written.getvalue()


async def send(client, content, name="a.png", **query):
    answer = await client.post("/api/v1/uploads", params={"name": name} | query, data=content)
    return answer.status, await answer.json(content_type=None)


def test_the_same_bytes_are_the_same_file_and_others_get_a_number(ask, base):
    async def script(client):
        return [await send(client, content) for content in (png(), png(), png("blue"), png("blue"), png("red"))]

    names = [kept["name"] for _, kept in ask(script)]
    assert names == ["a.png", "a.png", "a (1).png", "a (1).png", "a (2).png"]
    assert sorted(path.name for path in (base / "input").iterdir()) == ["a (1).png", "a (2).png", "a.png", "red.png"]


def test_an_upload_tells_its_size_and_where_it_is(ask):
    async def script(client):
        status, kept = await send(client, png(), "cat picture.png")
        return status, kept, await (await client.get(kept["url"])).read()

    status, kept, content = ask(script)
    assert status == 201 and (kept["width"], kept["height"], kept["kind"]) == (40, 30, "input")
    assert kept["url"] == "/api/v1/folders/input/cat%20picture.png" and content == png()


def test_a_form_is_taken_with_its_fields_in_any_order(ask, base):
    async def script(client):
        for order in ("before", "after"):
            form = FormData()
            if order == "before":
                form.add_field("overwrite", "true")
            form.add_field("file", png(), filename="b.png", content_type="image/png")
            if order == "after":
                form.add_field("kind", "temp")
            answer = await client.post("/api/v1/uploads", data=form)
            assert answer.status == 201, await answer.text()

    ask(script)
    assert (base / "input/b.png").is_file() and (base / "temp/b.png").is_file()


def test_overwriting_takes_the_place_of_a_file(ask, base):
    status, kept = ask(lambda client: send(client, png(), "red.png", overwrite="true"))
    assert status == 201 and kept["name"] == "red.png" and (base / "input/red.png").read_bytes() == png()


@pytest.mark.parametrize(
    ("name", "content", "status"),
    [
        ("page.html", b"<script>alert(1)</script>", 415),
        ("page.png", b"<script>alert(1)</script>", 415),
        ("picture.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", 415),
        ("weights.ckpt", b"\x80\x02}.", 415),
        ("latent.latent", b"not one", 415),
        ("styles.csv", b"\xff\xfe\0", 415),
        ("empty.png", b"", 400),
        ("large.png", b"x" * 20_000, 413),
    ],
)
def test_what_no_node_reads_is_refused_and_leaves_nothing_behind(ask, base, name, content, status):
    answered, problem = ask(lambda client: send(client, content, name), limits=Limits(upload=10_000))
    assert answered == status and problem["detail"]
    assert [path.name for path in (base / "input").iterdir()] == ["red.png"]


def test_a_folder_that_takes_nothing_is_a_sentence(ask, base):
    (base / "input/red.png").unlink()
    (base / "input").rmdir()
    (base / "input").write_text("no folder")
    status, problem = ask(lambda client: send(client, png()))
    assert status == 507 and "cannot be written" in problem["detail"] and str(base) not in problem["detail"]
    assert list((base / "temp").iterdir()) == []


def test_latents_and_tables_of_styles_are_taken(ask):
    async def script(client):
        latent = await send(client, b"\x02\0\0\0\0\0\0\0{}", "a.latent")
        styles = await send(client, "name,prompt\nfür,mich".encode(), "s.csv")
        return latent, styles

    assert [(status, kept["width"]) for status, kept in ask(script)] == [(201, None), (201, None)]


def test_a_picture_is_called_as_what_it_is(ask):
    async def script(client):
        return [
            (await send(client, png(), name))[1]["name"]
            for name in ("a.jpg", "a", "", "a.html", "../../x.png", "C:\\pictures\\y.png", "nul.png")
        ]

    assert ask(script) == ["a.png", "a.png", "picture.png", "a.html.png", "x.png", "y.png", "_nul.png"]


def bomb(width, height):
    """A PNG that claims to be enormous."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("size", [(60_000, 60_000), (100_000, 1), (20_000, 20_000)])
def test_a_picture_of_too_many_pixels_is_never_decoded(ask, size):
    status, problem = ask(lambda client: send(client, bomb(*size)))
    assert status in (413, 415) and problem["detail"]


def test_a_preview_is_small_and_not_made_twice_for_one_who_has_it(ask):
    async def script(client):
        first = await client.get("/api/v1/folders/input/red.png?preview=32")
        again = await client.get(
            "/api/v1/folders/input/red.png?preview=32", headers={"If-None-Match": first.headers["ETag"]}
        )
        return first.content_type, await first.read(), again.status

    kind, content, again = ask(script)
    with Image.open(io.BytesIO(content)) as picture:
        assert kind == "image/webp" and picture.size == (32, 24)
    assert again == 304


def test_a_damaged_picture_has_no_preview_but_a_sentence(ask, base):
    (base / "input/broken.png").write_bytes(png()[:60])

    async def script(client):
        answer = await client.get("/api/v1/folders/input/broken.png?preview=64")
        return answer.status, await answer.json(content_type=None)

    status, problem = ask(script)
    assert status == 415 and "damaged" in problem["detail"]


@pytest.mark.parametrize(
    ("name", "kind", "shown"),
    [
        ("a.png", "image/png", True),
        ("a.txt", "text/plain", True),
        ("a.html", "application/octet-stream", False),
        ("a.svg", "application/octet-stream", False),
        ("a.json", "application/octet-stream", False),
        ("a", "application/octet-stream", False),
    ],
)
def test_only_pictures_sound_and_text_are_shown(ask, base, name, kind, shown):
    (base / "output" / name).write_bytes(b"<script>alert(1)</script>")

    async def script(client):
        return await client.get(f"/api/v1/folders/output/{name}")

    answer = ask(script)
    assert answer.content_type == kind
    assert ("Content-Disposition" not in answer.headers) is shown
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_a_part_of_a_file_is_sent_where_it_is_asked_for(ask, base):
    async def script(client):
        part = await client.get("/api/v1/folders/input/red.png", headers={"Range": "bytes=1-3"})
        beyond = await client.get("/api/v1/folders/input/red.png", headers={"Range": "bytes=999999-"})
        return part.status, await part.read(), beyond.status

    assert ask(script) == (206, b"PNG", 416)


def test_a_file_is_found_by_its_content_and_kept_for_good(ask, base):
    (base / "output/said.txt").write_text("hello")
    digest = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    document = {"1": {"class_type": "Say", "inputs": {}}, "2": {"class_type": "Write", "inputs": {"text": ["1", 0]}}}

    async def script(client):
        job = (await (await client.post("/api/v1/jobs", json=document)).json())["job"]["id"]
        await client.parts.queue.claim("w")
        artifact = {
            "node": "2",
            "item": 0,
            "index": 0,
            "name": "said.txt",
            "kind": "output",
            "sha256": digest,
            "bytes": 5,
        }
        await client.parts.queue.record(job, [("node_finished", {"node": "2", "artifacts": [artifact]})])
        await client.parts.queue.finish(job, "w", State.SUCCEEDED)
        found = await client.get(f"/api/v1/files/{digest}")
        unknown = await client.get(f"/api/v1/files/{'0' * 64}")
        await asyncio.to_thread((base / "output/said.txt").write_text, "changed since")
        changed = await client.get(f"/api/v1/files/{digest}")
        return found, await found.text(), unknown.status, changed.status

    found, text, unknown, changed = ask(script)
    assert text == "hello" and "immutable" in found.headers["Cache-Control"]
    assert (unknown, changed) == (404, 404)


def test_the_gallery_lists_the_newest_first(ask):
    async def script(client):
        await send(client, png(), "new.png")
        whole = await (await client.get("/api/v1/folders/input")).json()
        found = await (await client.get("/api/v1/folders/input?search=RED&limit=1")).json()
        return whole, found

    whole, found = ask(script)
    assert [file["name"] for file in whole["files"]] == ["new.png", "red.png"] and whole["total"] == 2
    assert [file["name"] for file in found["files"]] == ["red.png"]


def test_a_form_that_is_none_is_refused(ask):
    async def script(client):
        kinds = ("multipart/form-data", "multipart/form-data; boundary=x")
        field = b"--x\r\nContent-Disposition: form-data; name=other\r\n\r\n1\r\n--x--"
        return [
            (await client.post("/api/v1/uploads", data=body, headers={"Content-Type": kind})).status
            for kind in kinds
            for body in (
                b"",
                b"--x\r\n\r\n--x--",
                b"nonsense",
                field,
                b'--x\r\nContent-Disposition: form-data; name="\x07"\r\n\r\n1\r\n--x--',
            )
        ]

    assert set(ask(script)) == {400}
