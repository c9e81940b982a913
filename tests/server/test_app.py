"""The application as a whole: errors have one shape, the editor is served, nothing of the inside shows."""



def test_an_address_that_is_nothing_has_a_sentence(served, run):
    async def ask():
        async with served() as client:
            return [
                (await client.request(method, path), path)
                for method, path in [
                    ("GET", "/api/v1/nothing"),
                    ("GET", "/nothing.js"),
                    ("POST", "/"),
                    ("PATCH", "/api/v1/jobs"),
                ]
            ]

    for answer, path in run(ask()):
        assert answer.status in (404, 405), path
        assert answer.content_type == "application/problem+json"


def test_the_page_says_what_to_do_where_the_editor_is_not_built(served, run):
    async def ask():
        async with served() as client:
            answer = await client.get("/")
            return answer, await answer.text()

    answer, text = run(ask())
    assert answer.status == 200 and "npm run build" in text


def test_a_job_is_accepted_and_told_of(served, run):
    document = {
        "1": {"class_type": "Say", "inputs": {"seed": 2**64 - 1}},
        "2": {"class_type": "Write", "inputs": {"text": ["1", 0]}},
    }

    async def ask():
        async with served() as client:
            answer = await client.post("/api/v1/jobs", json={"document": document})
            print(await answer.text())
            submitted = await answer.json()
            job = await (await client.get(f"/api/v1/jobs/{submitted['job']['id']}")).json()
            text = await (await client.get(f"/api/v1/jobs/{submitted['job']['id']}/document")).text()
            queue = await (await client.get("/api/v1/queue")).json()
            listed = await (await client.get("/api/v1/jobs")).json()
            nodes = await (await client.get("/api/v1/nodes")).json()
            events = await (await client.get("/api/v1/events?after=0")).json()
            return answer.status, job, text, queue, listed, nodes, events

    status, job, text, queue, listed, nodes, events = run(ask())
    print(job, queue, listed, events)
    assert status == 202 and str(2**64 - 1) in text
