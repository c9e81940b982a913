"""What a person does on the canvas, for the tests: add, wire, write, look."""

import json
import re

from playwright.sync_api import Locator, Page, expect

FIRST_JOB = 120_000  # milliseconds: it waits until the worker has loaded torch and the model
NODE = "article.node"


def node(page: Page, title: str) -> Locator:
    """The node of this title; its name goes on with what it is at."""
    return page.get_by_role("article", name=re.compile(rf"^{re.escape(title)}(,|$)"))


def socket(node: Locator, name: str) -> Locator:
    """A socket of a node; where an input and an output are called the same, the output."""
    return node.locator(f".socket[title^='{name}: ' i]").last


def field(node: Locator, label: str) -> Locator:
    """A widget of a node by what it is called."""
    return node.get_by_label(label, exact=True)


def middle(locator: Locator) -> tuple[float, float]:
    box = locator.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2, steps=4)
    page.mouse.move(*end, steps=4)
    page.mouse.up()


def pull(page: Page, start: Locator, end: tuple[float, float], words: str) -> None:
    """Draw a wire into empty space and choose what it leads to."""
    drag(page, middle(start), end)
    choose(page, words)


def write(field: Locator, text: str) -> None:
    """Put a value into a widget, as somebody who types."""
    field.click()
    field.press("ControlOrMeta+a")
    field.press_sequentially(text)
    field.press("Tab")


def choose(page: Page, words: str) -> None:
    """Choose the first type that a search finds."""
    search = page.get_by_role("combobox", name="Add a node")
    search.fill(words)
    expect(page.locator(".picker-row").first).to_be_visible()
    search.press("Enter")
    expect(search).to_have_count(0)


def new_workflow(page: Page) -> None:
    page.get_by_role("button", name="New workflow").click()
    expect(page.locator(NODE)).to_have_count(0)


def wires(page: Page) -> set[tuple[str, str]]:
    """Which inputs of the open workflow are linked, as its draft on the server says: (class, input)."""
    document = draft(page)
    kinds = {name: each["class_type"] for name, each in document["nodes"].items()}
    return {
        (kinds[name], label)
        for name, each in document["nodes"].items()
        for label, value in each["inputs"].items()
        if isinstance(value, list)
    }


def draft(page: Page) -> dict:
    """The document of the open tab, as the server keeps it."""
    page.wait_for_timeout(900)  # drafts are written when hands are still
    kept = page.evaluate(
        """async () => {
        const { tabs, current } = JSON.parse(sessionStorage.getItem("patchbay.session"));
        return await (await fetch(`/api/v1/drafts/${tabs[current].id}`)).text();
    }"""
    )
    return json.loads(kept)["document"]
