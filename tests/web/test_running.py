"""Runs as the page shows them: progress, pictures, reloads, errors at the very widget."""

import json
import re

from playwright.sync_api import expect

from tests.web.canvas import FIRST_JOB, NODE, draft, field, node, write


def run(page):
    page.get_by_role("button", name="Run", exact=True).click()


class TestTheFirstVisit:
    def test_the_demo_is_open_and_nothing_is_wrong_with_it(self, page):
        expect(page.get_by_role("tab", name="Demo")).to_have_attribute("aria-selected", "true")
        expect(page.locator(NODE)).to_have_count(8)
        page.get_by_role("button", name="Problems").click()
        expect(page.get_by_text("Nothing is wrong.")).to_be_visible()

    def test_a_press_of_run_makes_a_picture(self, page):
        write(field(node(page, "KSampler"), "steps"), "4")
        run(page)
        expect(node(page, "Save Image").locator("img")).to_have_count(4, timeout=FIRST_JOB)
        expect(page.locator(".status-job.succeeded")).to_be_visible()

    def test_nodes_say_how_long_they_took(self, page):
        expect(node(page, "KSampler").locator(".node-badge")).to_have_text(re.compile(r"\d s$"))

    def test_a_second_run_takes_what_is_kept(self, page):
        run(page)
        expect(page.get_by_role("article", name="Save Image, kept from an earlier run")).to_be_visible()

    def test_the_gallery_has_the_pictures_with_what_made_them(self, page):
        page.get_by_role("button", name="Gallery").click()
        page.get_by_role("button", name="Demo, picture 1").first.click()
        shown = page.get_by_role("dialog")
        expect(shown.get_by_text("a red house on a meadow on a sunny day")).to_be_visible()
        assert (
            shown.locator(".picture-stage img").evaluate("image => image.decode().then(() => image.naturalWidth)")
            == 128
        )
        page.keyboard.press("Escape")

    def test_the_workflow_of_a_picture_opens_in_a_tab(self, page):
        page.get_by_role("button", name="Open the workflow of Demo").first.click()
        expect(page.get_by_role("tab")).to_have_count(2)
        assert draft(page)["nodes"]["sampler"]["inputs"]["steps"] == 4

    def test_two_pictures_are_compared_with_what_differs(self, page):
        marks = page.get_by_role("button", name=re.compile("^Choose Demo, picture 1"))
        before = marks.count()
        page.get_by_role("tab").first.click()
        write(field(node(page, "KSampler"), "seed"), "8")
        run(page)
        expect(marks).to_have_count(before + 1, timeout=FIRST_JOB)
        for at in (0, 1):
            marks.nth(at).click()
        page.get_by_role("button", name="Compare", exact=True).click()
        differing = page.get_by_role("dialog").get_by_role("row")
        expect(differing).to_have_count(1)
        expect(differing).to_contain_text("seed")
        slider = page.get_by_role("slider")
        slider.press("Home")
        expect(page.locator(".compare-stage")).to_have_attribute("style", re.compile("--share: ?0%"))
        page.keyboard.press("Escape")


class TestARunThatIsLookedAwayFrom:
    def test_a_reload_in_mid_run_shows_it_going_on_to_its_picture(self, page):
        write(field(node(page, "KSampler"), "steps"), "60")
        write(field(node(page, "KSampler"), "seed"), "41")
        run(page)
        expect(page.locator(".status-job.running")).to_be_visible(timeout=FIRST_JOB)
        page.reload()
        expect(page.locator(".status-job.running")).to_be_visible(timeout=FIRST_JOB)
        expect(field(node(page, "KSampler"), "steps")).to_have_value("60")
        expect(node(page, "Save Image").locator("img")).to_have_count(4, timeout=FIRST_JOB)

    def test_a_run_is_cancelled(self, page):
        write(field(node(page, "KSampler"), "steps"), "400")
        run(page)
        expect(page.locator(".status-job.running")).to_be_visible(timeout=FIRST_JOB)
        page.get_by_role("button", name="Cancel the run").click()
        expect(page.locator(".status-job.cancelled")).to_be_visible(timeout=FIRST_JOB)

    def test_the_queue_is_paused_and_what_waits_is_cancelled(self, page):
        page.get_by_role("button", name="Queue", exact=True).click()
        page.get_by_role("button", name="Pause", exact=True).click()
        expect(page.get_by_text("The queue is paused")).to_be_visible()
        run(page)
        expect(page.get_by_role("list", name="Waiting").get_by_text("Demo")).to_be_visible()
        page.get_by_role("button", name="Cancel all that wait").click()
        expect(page.get_by_text("Nothing runs and nothing waits.")).to_be_visible()
        page.get_by_role("button", name="Go on").click()


class TestWhatIsWrong:
    def test_it_is_said_at_the_widget_and_a_key_leads_there(self, page):
        write(field(node(page, "Load LoRA"), "strength model"), "0.5")
        document = draft(page)
        document["nodes"]["lora"]["inputs"]["lora_name"] = "gone.safetensors"
        page.locator("body").evaluate(
            """(body, text) => {
            const files = new DataTransfer();
            files.items.add(new File([text], "broken.json", { type: "application/json" }));
            body.dispatchEvent(new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true }));
        }""",
            json.dumps(document),
        )
        expect(page.get_by_text("Models: gone.safetensors")).to_be_visible()
        wrong = field(node(page, "Load LoRA"), "lora name: gone.safetensors")
        for _ in range(20):  # the server's word may take a moment; the key leads to what is known by then
            page.keyboard.press("F8")
            page.wait_for_timeout(500)
            if wrong.count() and wrong.evaluate("field => field === document.activeElement"):
                break
        expect(wrong).to_be_focused()
        expect(wrong).to_have_attribute("aria-invalid", "true")

    def test_it_does_not_run_and_the_reason_is_told(self, page):
        run(page)
        expect(page.get_by_role("alert").filter(has_text="gone.safetensors").first).to_be_visible()

    def test_undo_takes_away_what_was_wrong(self, page):
        page.get_by_role("tab", name="Demo").first.click()
        write(field(node(page, "Load LoRA"), "strength model"), "0.7")
        page.get_by_role("main").locator(".editor").focus()
        page.keyboard.press("Control+z")
        expect(field(node(page, "Load LoRA"), "strength model")).to_have_value("0.5")
