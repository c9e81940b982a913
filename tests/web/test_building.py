"""A graph from nothing to a picture: by mouse, then without one."""

from playwright.sync_api import expect

from tests.web.canvas import (
    FIRST_JOB,
    NODE,
    choose,
    draft,
    drag,
    field,
    middle,
    new_workflow,
    node,
    pull,
    socket,
    wires,
    write,
)

TEXT_TO_IMAGE = {
    ("CLIPTextEncode", "clip"),
    ("KSampler", "model"),
    ("KSampler", "positive"),
    ("KSampler", "negative"),
    ("KSampler", "latent_image"),
    ("VAEDecode", "samples"),
    ("VAEDecode", "vae"),
    ("SaveImage", "images"),
}


def run_and_see(page):
    """Run the open workflow and wait for its picture, on the node and in the gallery."""
    page.get_by_role("button", name="Run", exact=True).click()
    saved = node(page, "Save Image").locator("img").first
    expect(saved).to_be_visible(timeout=FIRST_JOB)
    expect(page.locator(".status-job.succeeded")).to_be_visible()
    assert saved.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0


class TestByMouse:
    def test_nodes_are_found_by_double_click_and_by_wires_that_end_in_nothing(self, page):
        new_workflow(page)
        page.mouse.dblclick(30, 640)
        choose(page, "load checkpoint")
        checkpoint = node(page, "Load Checkpoint")
        pull(page, socket(checkpoint, "model"), (560, 160), "ksampler")
        sampler = node(page, "KSampler")
        pull(page, socket(sampler, "positive"), (500, 120), "clip text encode")
        pull(page, socket(sampler, "negative"), (500, 290), "clip text encode")
        pull(page, socket(sampler, "latent image"), (510, 470), "empty latent")
        pull(page, socket(sampler, "latent"), (860, 160), "vae decode")
        pull(page, socket(node(page, "VAE Decode"), "image"), (1110, 330), "save image")
        expect(page.locator(NODE)).to_have_count(7)

    def test_wires_are_drawn_from_socket_to_socket(self, page):
        checkpoint, prompts = node(page, "Load Checkpoint"), node(page, "CLIP Text Encode (Prompt)")
        for at in (0, 1):
            drag(page, middle(socket(checkpoint, "clip")), middle(socket(prompts.nth(at), "clip")))
        drag(page, middle(socket(checkpoint, "vae")), middle(socket(node(page, "VAE Decode"), "vae")))
        assert wires(page) == TEXT_TO_IMAGE

    def test_a_wire_of_the_wrong_type_is_refused_with_a_reason(self, page):
        drag(
            page,
            middle(socket(node(page, "Load Checkpoint"), "vae")),
            middle(socket(node(page, "KSampler"), "latent image")),
        )
        refusal = page.locator(".refusal")
        expect(refusal).to_contain_text("VAE")
        page.keyboard.press("Escape")
        expect(refusal).to_have_count(0)
        assert wires(page) == TEXT_TO_IMAGE

    def test_values_are_written_into_widgets(self, page):
        prompts = node(page, "CLIP Text Encode (Prompt)")
        sampler, latent = node(page, "KSampler"), node(page, "Empty Latent Image")
        write(field(prompts.first, "text"), "a red house on a meadow")
        write(field(sampler, "seed"), "18446744073709551615")
        write(field(sampler, "steps"), "3")
        for side in ("width", "height"):
            write(field(latent, side), "64")
        values = {each["class_type"]: each["inputs"] for each in draft(page)["nodes"].values()}
        assert values["KSampler"]["steps"] == 3
        assert (values["EmptyLatentImage"]["width"], values["EmptyLatentImage"]["height"]) == (64, 64)

    def test_it_runs_and_the_picture_is_seen(self, page):
        run_and_see(page)

    def test_everything_can_be_taken_back_and_done_again(self, page):
        page.locator(".editor").click(position={"x": 900, "y": 760})
        for _ in range(60):
            page.keyboard.press("Control+z")
        expect(page.locator(NODE)).to_have_count(0)
        for _ in range(60):
            page.keyboard.press("Control+y")
        expect(page.locator(NODE)).to_have_count(7)
        assert wires(page) == TEXT_TO_IMAGE


class TestByKeyboard:
    """No mouse event reaches the page."""

    def test_a_graph_is_built_wired_filled_in_and_run(self, page):
        keys = page.keyboard
        keys.press("Alt+n")
        expect(page.locator(NODE)).to_have_count(0)
        keys.press("/")
        choose(page, "load checkpoint")
        self.connect(page, "model", "ksampler")
        self.connect(page, "positive", "clip text encode")
        self.go(page, "KSampler")
        self.connect(page, "negative", "clip text encode")
        self.go(page, "KSampler")
        self.connect(page, "latent image", "empty latent")
        self.go(page, "KSampler")
        self.connect(page, "LATENT", "vae decode")
        self.connect(page, "IMAGE", "save image")
        self.go(page, "VAE Decode")
        self.connect(page, "vae", "Load Checkpoint: vae", new=False)
        for at in (0, 1):
            self.go(page, "CLIP Text Encode (Prompt)", at)
            self.connect(page, "clip", "Load Checkpoint: clip", new=False)
        assert wires(page) == TEXT_TO_IMAGE
        for title, label, value in (
            ("KSampler", "steps", "3"),
            ("Empty Latent Image", "width", "64"),
            ("Empty Latent Image", "height", "64"),
        ):
            self.go(page, title)
            keys.press("Enter")
            self.tab_to(page, label)
            keys.press("Control+a")
            keys.type(value)
            keys.press("Enter")
            keys.press("Escape")
        keys.press("Control+Enter")
        expect(node(page, "Save Image").locator("img").first).to_be_visible(timeout=FIRST_JOB)

    def connect(self, page, own, other, *, new=True):
        """Connect mode: a socket of the node, then one that fits or a new node."""
        page.keyboard.press("c")
        self.pick(page, own)
        self.pick(page, "A new node" if new else other)
        if new:
            choose(page, other)

    def pick(self, page, label):
        """Choose from the open list by arrows alone."""
        expect(page.get_by_role("option").first).to_be_visible()
        names = [text.split("\\n")[0].strip() for text in page.get_by_role("option").all_inner_texts()]
        at = next(index for index, name in enumerate(names) if name.lower().startswith(label.lower()))
        page.keyboard.press("Home")
        for _ in range(at):
            page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")

    def go(self, page, title, at=0):
        """To a node by its title, through the search for nodes of the graph."""
        page.keyboard.press("Control+f")
        find = page.get_by_role("combobox", name="Find a node")
        expect(find).to_be_focused()
        find.press_sequentially(title)
        for _ in range(at):
            page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")

    def tab_to(self, page, label):
        for _ in range(40):
            name = page.evaluate("document.activeElement.labels?.[0]?.innerText ?? document.activeElement.ariaLabel")
            if (name or "").strip().lower() == label:
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"Tab never came to {label!r}")
