"""Any file opens, and everything that is wrong with a workflow is said at once."""

import io
import json

from PIL import Image

from workflows.checking import World
from workflows.comfyui.reading import read_editor_format
from workflows.pictures import write_png


async def post(client, path, body, status=200):
    kind = {"json": body} if isinstance(body, dict) else {"data": body}
    answer = await client.post(path, **kind)
    assert answer.status == status, await answer.text()
    return await answer.json(content_type=None)


def test_a_picture_opens_with_what_is_missing_here(ask, workflow):
    workflow["nodes"] |= {
        "3": {"class_type": "KSampler", "inputs": {}},
        "4": {"class_type": "Load", "inputs": {"ckpt_name": "big.safetensors"}},
        "5": {"class_type": "Write", "inputs": {"text": ["4", 0]}},
    }
    picture = io.BytesIO()
    write_png(Image.new("RGB", (8, 8)), picture, {"patchbay": json.dumps(workflow)})
    opened = ask(lambda client: post(client, "/api/v1/open", picture.getvalue()))
    assert opened["document"] == workflow and opened["found_in"] == "picture"
    assert opened["missing"] == {"nodes": ["KSampler"], "models": ["big.safetensors"]}
    assert {problem["node"] for problem in opened["problems"]} == {"3", "4"}


def test_the_editors_format_opens_as_a_document(ask, base):
    editor = {
        "nodes": [
            {"id": 1, "type": "Say", "widgets_values": ["hi", 5, "fixed", 1], "outputs": [{"links": [7]}]},
            {"id": 2, "type": "Write", "inputs": [{"name": "text", "link": 7}]},
        ],
        "links": [[7, 1, 0, 2, 0, "STRING"]],
    }

    async def script(client):
        world = client.parts.world
        object.__setattr__(client.parts, "world", World(world.registry, world.choices, read_editor_format))
        return await post(client, "/api/v1/open", editor)

    opened = ask(script)
    assert opened["document"]["nodes"]["2"]["inputs"] == {"text": ["1", 0]} and not opened["problems"]


def test_a_text_of_parameters_opens_and_nonsense_says_what_it_is_not(ask):
    text = b"a cat\nNegative prompt: dog\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 5, Size: 64x64"

    async def script(client):
        return await post(client, "/api/v1/open", text), await post(client, "/api/v1/open", b"hello")

    recreated, nonsense = ask(script)
    kinds = {entry["class_type"] for entry in recreated["document"]["nodes"].values()}
    assert any("KSampler" in kind for kind in kinds)
    assert nonsense["problems"][0]["code"] == "bad_json"


def test_a_check_tells_problems_inputs_and_whether_it_runs(ask, workflow):
    async def script(client):
        good = await post(client, "/api/v1/check", {"document": workflow})
        workflow["nodes"]["2"]["inputs"] = {}
        return good, await post(client, "/api/v1/check", {"document": workflow})

    good, bad = ask(script)
    assert good["runs"] and good["inputs"] == workflow["inputs"] and good["targets"] == ["2"]
    assert not bad["runs"] and bad["problems"][0]["input"] == "text"


def test_what_would_run_is_explained_node_by_node(ask, workflow):
    explained = ask(lambda client: post(client, "/api/v1/explain", {"document": workflow}))
    assert list(explained["nodes"]) == ["1", "2"]
    assert explained["nodes"]["1"] == {"runs": True, "reason": "first run"}


def test_an_export_takes_subgraphs_apart_and_leaves_out_what_is_muted(ask, workflow):
    workflow["definitions"] = {
        "d": {"nodes": {"a": workflow["nodes"]["1"]}, "inputs": [], "outputs": [{"name": "text", "from": ["a", 0]}]}
    }
    workflow["nodes"]["1"] = {"class_type": "subgraph:d", "inputs": {}}
    workflow["nodes"]["3"] = {"class_type": "Say", "inputs": {}}
    workflow["modes"] = {"3": "mute"}
    workflow["inputs"] = []
    exported = ask(lambda client: post(client, "/api/v1/export", {"document": workflow}))
    assert exported.keys() == {"1:a", "2"} and exported["2"]["inputs"]["text"] == ["1:a", 0]


def test_a_document_that_cannot_be_read_is_not_exported(ask):
    refused = ask(lambda client: post(client, "/api/v1/export", {"document": {"format": "patchbay/9"}}, 422))
    assert refused["problems"][0]["code"] == "unknown_format"
