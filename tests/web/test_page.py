"""The page as a whole: for everybody, in both languages, asking nobody else, losing nothing."""

import json
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.web.canvas import FIRST_JOB, NODE, draft, field, node, write

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"

LOOKS = [("dark", "no-preference"), ("light", "no-preference"), ("dark", "more")]


def violations(page):
    """What axe-core has against the page as it is: rule and element."""
    if not AXE.exists():
        pytest.skip("axe-core is not installed: npm ci in web/")
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")["violations"]
    return [(rule["id"], each["target"], each["failureSummary"]) for rule in found for each in rule["nodes"]]


def drop(page, name, content, media_type="application/json"):
    """Drop a file on the page."""
    page.locator("body").evaluate(
        """(body, [name, bytes, type]) => {
        const files = new DataTransfer();
        files.items.add(new File([new Uint8Array(bytes)], name, { type }));
        body.dispatchEvent(new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true }));
    }""",
        [name, list(content), media_type],
    )


class TestForEverybody:
    @pytest.mark.parametrize(("scheme", "contrast"), LOOKS)
    def test_axe_finds_nothing(self, visit, scheme, contrast):
        page = visit(color_scheme=scheme, contrast=contrast, reduced_motion="reduce")
        expect(page.locator(NODE)).to_have_count(8)
        page.evaluate("document.documentElement.dataset.motion = 'less'")
        assert violations(page) == []
        for key in range(1, 6):
            page.keyboard.press(f"Alt+{key}")
            page.wait_for_timeout(300)
            assert violations(page) == [], f"panel {key}"
        for open_window in ("Control+k", "?", "Control+,", "Alt+t"):
            page.keyboard.press(open_window)
            expect(page.get_by_role("dialog")).to_be_visible()
            page.wait_for_timeout(300)
            assert violations(page) == [], open_window
            page.keyboard.press("Escape")
            expect(page.get_by_role("dialog")).to_have_count(0)
        page.keyboard.press("Alt+v")
        expect(page.get_by_role("region", name="Values")).to_be_visible()
        assert violations(page) == [], "form"

    def test_the_page_follows_the_colors_of_the_system(self, visit):
        page = visit(color_scheme="light")
        expect(page.locator("html")).to_have_attribute("data-theme", "light")
        page.emulate_media(color_scheme="dark")
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")


class TestPrivacy:
    def test_nothing_is_asked_of_anybody_but_the_server(self, visit, server):
        asked = []
        page = visit()
        page.on("request", lambda request: asked.append(request.url))
        page.reload()
        page.locator(".shell").wait_for()
        for key in ("Alt+1", "Alt+5", "Alt+t"):
            page.keyboard.press(key)
            page.wait_for_timeout(400)
        ours = urlsplit(server.url).netloc
        assert len(asked) > 5
        assert {urlsplit(url).netloc for url in asked if not url.startswith(("blob:", "data:"))} == {ours}


class TestLanguages:
    def test_a_chinese_browser_gets_chinese(self, visit):
        page = visit(locale="zh-CN")
        expect(page.get_by_role("button", name="运行", exact=True)).to_be_visible()
        expect(page.locator("html")).to_have_attribute("lang", "zh")
        page.keyboard.press("Control+k")
        expect(page.get_by_role("option").first).to_have_text(re.compile("[\\u4e00-\\u9fff]"))
        page.keyboard.press("Escape")

    def test_the_language_can_be_changed_and_stays(self, visit):
        page = visit()
        page.keyboard.press("Control+,")
        page.get_by_role("radio", name="中文").click()
        expect(page.get_by_role("heading", name="设置")).to_be_visible()
        page.reload()
        expect(page.get_by_role("button", name="运行", exact=True)).to_be_visible()


class TestAPhone:
    @pytest.fixture(scope="class")
    def page(self, visit):
        return visit(width=390, height=844, has_touch=True, is_mobile=True)

    def test_it_begins_with_the_form(self, page):
        expect(page.get_by_role("region", name="Values")).to_be_visible()
        expect(page.get_by_role("textbox", name="prompt")).to_have_value(re.compile("red house"))

    def test_nothing_lies_beside_the_screen(self, page):
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        over = (
            "[...document.querySelectorAll('button, input')].filter(e => e.getBoundingClientRect().right > 391).length"
        )
        assert page.evaluate(over) == 0

    def test_a_tap_on_run_makes_the_picture(self, page):
        page.get_by_role("button", name="Run", exact=True).last.tap()
        expect(page.locator(".form-result .thumbnail")).to_have_count(4, timeout=FIRST_JOB)


class TestFiles:
    def test_a_picture_that_was_made_opens_as_the_workflow_that_made_it(self, page, server):
        page.get_by_role("button", name="Run", exact=True).click()
        expect(page.locator(".status-job.succeeded")).to_be_visible(timeout=FIRST_JOB)
        picture = next((server.base / "output").rglob("demo*.png"))
        drop(page, "some picture.png", picture.read_bytes(), "image/png")
        expect(page.get_by_role("tab")).to_have_count(2)
        expect(page.locator(NODE)).to_have_count(8)
        expect(field(node(page, "What it should show"), "text")).to_have_value(re.compile("red house"))

    def test_parameters_as_text_open_as_a_workflow(self, page):
        text = "a castle\nNegative prompt: rain\nSteps: 5, Sampler: Euler, Seed: 12345678901234567890, Size: 64x64"
        drop(page, "parameters.txt", text.encode(), "text/plain")
        expect(page.get_by_role("tab")).to_have_count(3)
        inputs = [each["inputs"] for each in draft(page)["nodes"].values()]
        assert 12345678901234567890 in [value for each in inputs for value in each.values() if isinstance(value, int)]

    def test_a_file_with_no_workflow_is_refused_with_a_sentence(self, page):
        drop(page, "notes.txt", b"nothing of that kind")
        expect(page.locator(".notice.error")).to_be_visible()
        expect(page.get_by_role("tab")).to_have_count(3)

    def test_a_workflow_is_exported_as_it_is(self, page):
        page.get_by_role("tab", name="Demo").first.click()
        page.get_by_role("button", name="Menu").click()
        with page.expect_download() as download:
            page.get_by_role("menuitem", name="Export as JSON").click()
        exported = json.loads(Path(download.value.path()).read_text())
        assert exported["format"] == "patchbay/1"
        assert exported["nodes"]["sampler"]["class_type"] == "KSampler"

    def test_a_workflow_is_saved_under_a_name_and_opened_again(self, page):
        page.keyboard.press("Control+s")
        page.get_by_label("Name", exact=True).fill("my house")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Saved as my house")).to_be_visible()
        page.keyboard.press("Alt+t")
        page.get_by_role("button", name=re.compile("^my house")).click()
        expect(page.get_by_role("tab")).to_have_count(4)


class TestDrafts:
    def test_what_was_changed_is_there_after_a_reload(self, page):
        write(field(node(page, "KSampler"), "steps"), "9")
        page.reload()
        expect(field(node(page, "KSampler"), "steps")).to_have_value("9")

    def test_another_window_that_changes_the_same_draft_is_told_of(self, page):
        page.wait_for_timeout(1000)
        other = page.context.new_page()
        other.goto(page.url)
        write(field(node(other, "KSampler"), "steps"), "10")
        other.wait_for_timeout(1500)
        write(field(node(page, "KSampler"), "steps"), "11")
        conflict = page.get_by_text("changed in another window")
        expect(conflict).to_be_visible()
        page.get_by_role("button", name="Keep this one").click()
        expect(conflict).to_have_count(0)
        assert draft(page)["nodes"]["sampler"]["inputs"]["steps"] == 11
