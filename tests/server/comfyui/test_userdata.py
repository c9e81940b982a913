"""What front ends keep: settings and files of the user, whole and inside their folder."""

import pytest

WORKFLOW = "workflows%2Fone.json"


def test_settings_are_kept_one_by_one_and_together(public, run):
    async def scenario():
        async with public(working=False) as client:
            assert await (await client.get("/api/users")).json() == {"storage": "server", "migrated": True}
            assert await (await client.get("/api/settings")).json() == {}
            await client.post("/api/settings/Comfy.Locale", json="de")
            await client.post("/api/settings", json={"a.b": True, "seed": 2**64 - 1})
            found = await (await client.get("/api/settings")).json()
            assert found == {"Comfy.Locale": "de", "a.b": True, "seed": 2**64 - 1}
            assert await (await client.get("/api/settings/a.b")).json() is True
            assert await (await client.get("/api/settings/none")).json() is None
            assert (await client.post("/api/settings", json={"a/../b": 1})).status == 400
        async with public(working=False) as client:
            assert (await (await client.get("/api/settings")).json())["a.b"] is True

    run(scenario())


def test_a_workflow_is_saved_listed_opened_renamed_and_deleted(public, run):
    async def scenario():
        async with public(working=False) as client:
            assert (await client.get("/api/userdata?dir=workflows")).status == 404
            saved = await client.post(f"/api/userdata/{WORKFLOW}?overwrite=false&full_info=true", data=b'{"nodes": []}')
            told = await saved.json()
            assert told["path"] == "workflows/one.json" and told["size"] == 13
            taken = await client.post(f"/api/userdata/{WORKFLOW}?overwrite=false", data=b"{}")
            assert taken.status == 409
            assert await (await client.get(f"/api/userdata/{WORKFLOW}")).read() == b'{"nodes": []}'
            listed = await client.get("/api/userdata?dir=workflows&recurse=true&split=false&full_info=true")
            (entry,) = await listed.json()
            assert entry["path"] == "one.json" and entry["modified"] > 1e9
            assert await (await client.get("/api/userdata?dir=workflows&recurse=true")).json() == ["one.json"]
            tree = await (await client.get("/api/v2/userdata?path=workflows")).json()
            assert tree[0]["path"] == "workflows/one.json" and tree[0]["type"] == "file"
            moved = await client.post(f"/api/userdata/{WORKFLOW}/move/workflows%2Ftwo.json?overwrite=false")
            assert await moved.json() == "workflows/two.json"
            assert (await client.get(f"/api/userdata/{WORKFLOW}")).status == 404
            assert (await client.delete("/api/userdata/workflows%2Ftwo.json")).status == 204
            assert (await client.delete("/api/userdata/workflows%2Ftwo.json")).status == 404

    run(scenario())


@pytest.mark.parametrize(
    "name", ["..%2Fescape.json", "%2Fetc%2Fpasswd", "a%00b", "C%3A%5Cx", "..%5C..%5Cx", "link%2Fx"]
)
def test_names_that_lead_outside_are_refused(public, run, base, name):
    (base / "user").mkdir()
    (base / "user/link").symlink_to(base)

    async def scenario():
        async with public(working=False) as client:
            assert (await client.post(f"/api/userdata/{name}", data=b"x")).status in (400, 403)
            assert (await client.get(f"/api/userdata/{name}")).status in (400, 403, 404)
            assert sorted(path.name for path in base.parent.iterdir()) == ["base"]
            assert not (base / "x").exists()

    run(scenario())


def test_a_file_cannot_take_the_place_of_a_directory(public, run):
    async def scenario():
        async with public(working=False) as client:
            await client.post("/api/userdata/a%2Fb.json", data=b"x")
            assert (await client.post("/api/userdata/a", data=b"x")).status == 409
            assert (await client.post("/api/userdata/a%2Fb.json%2Fc", data=b"x")).status == 409

    run(scenario())
