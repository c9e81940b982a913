"""What people save stays, revision by revision, and nobody overwrites what he has not seen."""

import asyncio

import pytest

SEED = 2**64 - 1


async def ask_for(client, method, path, status=200, **options):
    answer = await client.request(method, f"/api/v1{path}", **options)
    assert answer.status == status, await answer.text()
    return await answer.json(content_type=None)


@pytest.mark.parametrize("shelf", ["/workflows/portraits/neon", "/workflows/a%20b", "/drafts/d-1"])
def test_each_saving_is_a_revision_and_another_ones_is_a_conflict(ask, workflow, shelf):
    workflow["nodes"]["1"]["inputs"]["seed"] = SEED

    async def script(client):
        new = {"If-None-Match": "*"}
        first = await ask_for(client, "PUT", shelf, json=workflow, headers=new)
        taken = await ask_for(client, "PUT", shelf, 409, json=workflow, headers=new)
        second = await ask_for(client, "PUT", shelf, json=workflow | {"title": "B"}, headers={"If-Match": '"1"'})
        late = await ask_for(client, "PUT", shelf, 409, json=workflow, headers={"If-Match": '"1"'})
        kept = await client.get(f"/api/v1{shelf}")
        listed = await ask_for(client, "GET", f"{shelf}/revisions")
        old = await ask_for(client, "GET", f"{shelf}/revisions/1")
        return first, taken, second, late, kept.headers["ETag"], await kept.json(), listed, old

    first, taken, second, late, etag, kept, listed, old = ask(script)
    assert (first["revision"], second["revision"], etag) == (1, 2, '"2"')
    assert taken["revision"] == 1 and late["revision"] == 2 and "somebody else" in late["detail"]
    assert kept["document"]["title"] == "B" and old["document"] == workflow
    assert kept["document"]["nodes"]["1"]["inputs"]["seed"] == SEED
    assert [revision["revision"] for revision in listed["revisions"]] == [2, 1]


def test_of_many_who_write_at_once_one_wins(ask, workflow):
    async def script(client):
        writes = (
            client.put("/api/v1/drafts/d", json=workflow | {"title": str(number)}, headers={"If-None-Match": "*"})
            for number in range(10)
        )
        return sorted([answer.status for answer in await asyncio.gather(*writes)])

    assert ask(script) == [200] + [409] * 9


def test_a_removed_workflow_can_be_brought_back_and_a_draft_is_gone(ask, workflow):
    async def script(client):
        for shelf in ("/workflows/w", "/drafts/d"):
            await ask_for(client, "PUT", shelf, json=workflow)
            await ask_for(client, "DELETE", shelf, 409, headers={"If-Match": "9"})
            await ask_for(client, "DELETE", shelf)
            await ask_for(client, "GET", shelf, 404)
            await ask_for(client, "DELETE", shelf, 404)
        await ask_for(client, "GET", "/drafts/d/revisions", 404)
        revisions = await ask_for(client, "GET", "/workflows/w/revisions")
        listed = await ask_for(client, "GET", "/workflows")
        old = await ask_for(client, "GET", "/workflows/w/revisions/1")
        again = await ask_for(client, "PUT", "/workflows/w", json=old["document"], headers={"If-None-Match": "*"})
        return revisions["revisions"], listed["workflows"], again["revision"]

    revisions, listed, again = ask(script)
    assert [revision["removed"] for revision in revisions] == [True, False]
    assert listed == [] and again == 3


def test_lists_name_what_is_there_the_newest_first(ask, workflow):
    async def script(client):
        for name in ("a", "b", "a"):
            await ask_for(client, "PUT", f"/workflows/{name}", json=workflow)
        await ask_for(client, "PUT", "/drafts/x", json=workflow)
        return await ask_for(client, "GET", "/workflows"), await ask_for(client, "GET", "/drafts")

    workflows, drafts = ask(script)
    assert [(kept["name"], kept["revision"], kept["title"]) for kept in workflows["workflows"]] == [
        ("a", 2, "Greetings"),
        ("b", 1, "Greetings"),
    ]
    assert [draft["id"] for draft in drafts["drafts"]] == ["x"]


def test_of_drafts_the_last_hundred_revisions_stay(ask, workflow):
    async def script(client):
        for _ in range(103):
            await ask_for(client, "PUT", "/drafts/d", json=workflow)
        return (await ask_for(client, "GET", "/drafts/d/revisions"))["revisions"]

    revisions = ask(script)
    assert [revisions[0]["revision"], revisions[-1]["revision"]] == [103, 4]


@pytest.mark.parametrize("name", ["..%2Fx", "%2Fx", "a%5Cb", "con", "a%00", "x" * 600, "w/revisions"])
def test_a_name_that_is_none_keeps_nothing(ask, workflow, name):
    async def script(client):
        answer = await client.put(f"/api/v1/workflows/{name}", json=workflow)
        return answer.status, (await ask_for(client, "GET", "/workflows"))["workflows"]

    status, listed = ask(script)
    assert status in (400, 405) and listed == []


def test_examples_are_listed_and_read(ask, workflow):
    async def script(client):
        listed = await ask_for(client, "GET", "/templates")
        return listed["templates"], await ask_for(client, "GET", "/templates/greetings")

    listed, read = ask(script)
    assert listed == [{"name": "greetings", "title": "Greetings", "about": "", "preview": None}]
    assert read == workflow
