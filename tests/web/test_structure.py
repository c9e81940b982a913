"""What a workflow is to others, and files of the public editor: names, subgraphs, unknown nodes, the graph drawn."""

import json
import re

import pytest
from playwright.sync_api import expect

from tests.web.canvas import FIRST_JOB, draft, field, node


def link(number, source, output, target, slot, socket):
    return [number, source, output, target, slot, socket]


def placed(number, kind, at, *, inputs=(), outputs=(), values=(), mode=0, **more):
    """A node as the public editor writes it: sockets as (name, type, link or links)."""
    return {
        "id": number,
        "type": kind,
        "pos": list(at),
        "size": [240, 100],
        "mode": mode,
        "flags": {},
        "inputs": [{"name": name, "type": socket, "link": wire} for name, socket, wire in inputs],
        "outputs": [{"name": name, "type": socket, "links": list(wires)} for name, socket, wires in outputs],
        "properties": {},
        "widgets_values": list(values),
        **more,
    }


INNER = {
    "id": "decoding",
    "name": "Decode it",
    "inputNode": {"id": -10, "bounding": [0, 0, 120, 80]},
    "outputNode": {"id": -20, "bounding": [600, 0, 120, 80]},
    "inputs": [
        {"id": "a", "name": "samples", "type": "LATENT", "linkIds": [1]},
        {"id": "b", "name": "vae", "type": "VAE", "linkIds": [2]},
    ],
    "outputs": [{"id": "c", "name": "IMAGE", "type": "IMAGE", "linkIds": [3]}],
    "nodes": [
        placed(
            1,
            "VAEDecode",
            (200, 0),
            inputs=[("samples", "LATENT", 1), ("vae", "VAE", 2)],
            outputs=[("IMAGE", "IMAGE", [3])],
        )
    ],
    "links": [
        {"id": 1, "origin_id": -10, "origin_slot": 0, "target_id": 1, "target_slot": 0, "type": "LATENT"},
        {"id": 2, "origin_id": -10, "origin_slot": 1, "target_id": 1, "target_slot": 1, "type": "VAE"},
        {"id": 3, "origin_id": 1, "origin_slot": 0, "target_id": -20, "target_slot": 0, "type": "IMAGE"},
    ],
}
FOREIGN = {
    "version": 0.4,
    "nodes": [
        placed(
            1,
            "CheckpointLoaderSimple",
            (0, 100),
            outputs=[("MODEL", "MODEL", []), ("CLIP", "CLIP", []), ("VAE", "VAE", [1])],
            values=["patchbay-demo.safetensors"],
        ),
        placed(2, "EmptyLatentImage", (0, 300), outputs=[("LATENT", "LATENT", [2])], values=[64, 64, 1], mode=4),
        placed(3, "Reroute", (300, 300), inputs=[("", "*", 2)], outputs=[("", "LATENT", [3])]),
        placed(
            4,
            "decoding",
            (400, 100),
            inputs=[("samples", "LATENT", 3), ("vae", "VAE", 1)],
            outputs=[("IMAGE", "IMAGE", [4])],
        ),
        placed(5, "Strange Pack Node", (700, 100), inputs=[("image", "IMAGE", 4)], outputs=[("IMAGE", "IMAGE", [5])]),
        placed(6, "PreviewImage", (1000, 100), inputs=[("images", "IMAGE", 5)], mode=2),
        placed(7, "Note", (0, 500), values=["From the other editor."]),
    ],
    "links": [
        link(1, 1, 2, 4, 1, "VAE"),
        link(2, 2, 0, 3, 0, "LATENT"),
        link(3, 3, 0, 4, 0, "LATENT"),
        link(4, 4, 0, 5, 0, "IMAGE"),
        link(5, 5, 0, 6, 0, "IMAGE"),
    ],
    "groups": [{"id": 1, "title": "Sources", "bounding": [-20, 40, 300, 420], "color": "#3f789e"}],
    "definitions": {"subgraphs": [INNER]},
}


def open_panel(page, name):
    page.get_by_role("navigation", name="Panels").get_by_role("button", name=name).click()


def command(page, name):
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Commands").fill(name)
    page.keyboard.press("Enter")


@pytest.fixture(scope="class")
def opened(page):
    page.locator("body").evaluate(
        """(body, text) => {
        const files = new DataTransfer();
        files.items.add(new File([text], "foreign.json", { type: "application/json" }));
        body.dispatchEvent(new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true }));
    }""",
        json.dumps(FOREIGN),
    )
    expect(page.get_by_role("tab", name=re.compile("foreign"))).to_be_visible()
    command(page, "Fit everything")
    return page


class TestNamedInputs:
    def test_a_widgets_menu_names_it_and_the_form_has_it(self, page):
        field(node(page, "KSampler"), "steps").click(button="right")
        page.get_by_role("menuitem", name="Name “steps” as an input of the workflow").click()
        page.get_by_role("radio", name="Form").click()
        expect(page.locator(".form-fields").get_by_text("steps", exact=True)).to_be_visible()
        page.get_by_role("radio", name="Graph").click()

    def test_the_panel_renames_and_describes_it(self, page):
        open_panel(page, "Interface")
        name = page.get_by_label("Name of steps")
        name.fill("effort")
        name.press("Enter")
        about = page.get_by_label("What effort is for")
        about.fill("More is better.")
        about.press("Enter")
        kept = [port for port in draft(page)["inputs"] if port["name"] == "effort"]
        assert [(port["to"], port["about"]) for port in kept] == [([["sampler", "steps"]], "More is better.")]

    def test_what_would_run_is_said_at_the_nodes_until_something_changes(self, page):
        command(page, "What would run now")
        expect(page.locator(".node-why").first).to_contain_text(re.compile("^(Runs|Kept): "))
        page.get_by_label("Remove effort").click()
        expect(page.locator(".node-why")).to_have_count(0)


class TestAFileOfThePublicEditor:
    def test_its_nodes_notes_groups_and_modes_are_seen(self, opened):
        expect(node(opened, "Load Checkpoint")).to_be_visible()
        expect(opened.get_by_role("article", name="Empty Latent Image, bypassed")).to_be_visible()
        expect(opened.get_by_role("article", name="Preview Image, muted")).to_be_visible()
        expect(opened.get_by_role("article", name="Reroute, LATENT")).to_be_visible()
        expect(opened.get_by_text("From the other editor.")).to_be_visible()
        expect(opened.get_by_text("Sources", exact=True)).to_be_visible()

    def test_a_node_that_is_not_known_here_is_drawn_with_its_wires_and_says_so(self, opened):
        strange = node(opened, "Strange Pack Node")
        expect(strange).to_contain_text("not known here")
        expect(strange.locator(".socket[data-linked]")).to_have_count(2)
        expect(opened.locator(".missing")).to_contain_text("Strange Pack Node")

    def test_its_subgraph_is_entered_and_renamed_for_all_its_instances(self, opened):
        node(opened, "Decode it").locator(".node-title").click()
        opened.keyboard.press("Control+ArrowDown")
        expect(node(opened, "VAE Decode").locator(".socket[data-linked]")).to_have_count(3)
        open_panel(opened, "Interface")
        title = opened.get_by_role("textbox", name="Title of the subgraph")
        title.fill("Decoder")
        title.press("Enter")
        opened.get_by_role("navigation", name="Where you are").get_by_role("button").click()
        expect(node(opened, "Decoder")).to_be_visible()

    def test_the_graph_is_exported_as_a_picture(self, opened, tmp_path):
        for kind, mark in (("SVG", b"<svg "), ("PNG", b"\x89PNG")):
            with opened.expect_download(timeout=FIRST_JOB) as download:
                command(opened, f"Export the graph as {kind}")
            download.value.save_as(tmp_path / kind)
            assert (tmp_path / kind).read_bytes().startswith(mark)
