"""Packs are found, loaded apart from each other, and say why they cannot be used."""

import sys

import nodes
from nodes.comfyui.packs import pack_names

MINIMAL = """
class Shout:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"text": ("STRING", {"default": "hey"})}}
    RETURN_TYPES = ("STRING",)
    FUNCTION = "go"
    CATEGORY = "text/loud"
    def go(self, text):
        return (text.upper(),)
NODE_CLASS_MAPPINGS = {"Shout": Shout}
NODE_DISPLAY_NAME_MAPPINGS = {"Shout": "Shout it"}
"""


def test_a_pack_is_a_folder_or_a_file_and_switched_off_ones_are_left_alone(world):
    world.pack("loud", MINIMAL)
    world.pack("off.disabled", MINIMAL)
    world.pack("__pycache__", MINIMAL)
    (world.packs_directory / "single.py").write_text(MINIMAL.replace("Shout", "Whisper"))
    assert pack_names(world.packs_directory) == ["loud", "single"]
    packs = world.load()
    assert [kind.spec.title for pack in packs.values() for kind in pack.types] == ["Shout it", "Whisper it"]


def test_a_pack_that_fails_is_listed_and_harms_no_other(world):
    world.pack("broken", "1 / 0")
    world.pack("leaving", "raise SystemExit('bye')")
    world.pack("loud", MINIMAL)
    world.pack("needy", "import a_package_nobody_has")
    world.pack("newer", "async def comfy_entrypoint(): ...")
    packs = world.load()
    assert packs["broken"].reasons == ["ZeroDivisionError: division by zero"]
    assert packs["leaving"].reasons == ["SystemExit: bye"]
    assert packs["needy"].reasons == ["it needs the Python package 'a_package_nobody_has', which is not installed"]
    assert "comfy_entrypoint" in packs["newer"].reasons[0]
    assert not packs["loud"].reasons and packs["loud"].types


def test_one_bad_class_does_not_take_the_others_with_it(world):
    world.pack("mixed", MINIMAL + "class Bad: ...\nNODE_CLASS_MAPPINGS['Bad'] = Bad\n")
    pack = world.load()["mixed"]
    assert [kind.spec.name for kind in pack.types] == ["Shout"]
    assert pack.reasons == ["Bad: the class has no INPUT_TYPES"]


def test_a_name_that_one_of_our_nodes_has_is_refused(world):
    world.pack("loud", MINIMAL.replace('{"Shout": Shout}', '{"KSampler": Shout, "Shout": Shout}'))
    pack = world.load()["loud"]
    assert pack.reasons == ["KSampler: there is a node of this name already"]


def test_names_that_packs_import_meet_shims_and_ours_stay_ours(world):
    world.pack(
        "curious",
        "import nodes\nfrom server import PromptServer\nimport comfy.utils\nfrom .inner import LIMIT\n"
        "@PromptServer.instance.routes.get('/curious')\nasync def hello(request): ...\n"
        "SEEN = nodes.MAX_RESOLUTION, hasattr(nodes, 'builtin'), comfy.utils.ProgressBar, LIMIT\n"
        "NODE_CLASS_MAPPINGS = {}\n",
        inner="from nodes import MAX_RESOLUTION as LIMIT",
    )
    assert not world.load()["curious"].reasons
    seen = sys.modules["custom_nodes.curious"].SEEN
    assert seen[0] == 16384 and not seen[1] and seen[3] == 16384
    assert sys.modules["nodes"] is nodes and "folder_paths" not in sys.modules and "comfy" not in sys.modules


def test_what_is_not_provided_is_named(world):
    world.pack("deep", "from comfy.ldm.modules import attention")
    world.pack("deeper", "from comfy.utils import secret")
    packs = world.load()
    assert "it imports 'comfy.ldm.modules', which Patchbay does not provide" in packs["deep"].reasons[0]
    assert "it imports 'secret' from 'comfy.utils'" in packs["deeper"].reasons[0]


def test_loading_leaves_nothing_in_the_directory_of_the_user(world):
    world.pack("loud", MINIMAL)
    before = sorted(world.packs_directory.rglob("*"))
    world.load()
    assert sorted(world.packs_directory.rglob("*")) == before
