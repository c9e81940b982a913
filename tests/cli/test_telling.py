import io

import pytest
from PIL import Image

from cli import telling
from cli.telling import Teller
from graph.events import (
    NodeBlocked,
    NodeErrored,
    NodeExpanded,
    NodeFinished,
    NodeNoted,
    NodeProgress,
    NodeSkipped,
    NodeStarted,
    NodeWarned,
    Planned,
)
from graph.values import Artifact
from workflows.outputs import SavedFile
from workflows.previews import LARGEST


class Line(Artifact, str):
    """A line of text."""


class Audience:
    """Remembers what it was told."""

    def __init__(self, wants_previews: bool = True):
        self.told: list[tuple] = []
        self.teller = Teller(lambda kind, said, blob=b"": self.told.append((kind, said, blob)), lambda: wants_previews)

    def kinds(self) -> list[str]:
        return [kind for kind, _, _ in self.told]


PLACE = {"item": 0, "items": 1}


@pytest.mark.parametrize(
    ("event", "kind", "said"),
    [
        (Planned(("a", "b"), frozenset({"d", "c"})), "planned", {"steps": ["a", "b"], "cached": ["c", "d"]}),
        (NodeStarted("a", 2, None), "node_started", {"node": "a", "item": 2, "items": None}),
        (NodeWarned("a", "careful"), "node_warned", {"node": "a", "message": "careful"} | PLACE),
        (NodeNoted("a", "look"), "node_noted", {"node": "a", "message": "look"} | PLACE),
        (NodeBlocked("a", "b failed"), "node_blocked", {"node": "a", "reason": "b failed"} | PLACE),
        (
            NodeErrored("a", "Say", "no", ValueError()),
            "node_errored",
            {"node": "a", "type": "Say", "message": "no"} | PLACE,
        ),
        (
            NodeExpanded("a", "r", {"r/1": "Say"}),
            "node_expanded",
            {"node": "a", "root": "r", "nodes": {"r/1": "Say"}} | PLACE,
        ),
        (
            NodeSkipped("a", "it is the same", (Line("hello"),)),
            "node_skipped",
            {"node": "a", "reason": "it is the same"}
            | {"artifacts": [{"node": "a", "item": 0, "index": 0, "text": "hello"}]}
            | PLACE,
        ),
        (NodeFinished("a", (), 1.23456), "node_finished", {"node": "a", "seconds": 1.2346, "artifacts": []} | PLACE),
    ],
)
def test_events_become_plain_values(event, kind, said):
    audience = Audience()
    audience.teller(event)
    assert audience.told == [(kind, said, b"")]


def test_a_saved_picture_is_described(tmp_path):
    Image.new("RGB", (30, 20)).save(tmp_path / "a.png")
    audience = Audience()
    audience.teller(NodeFinished("a", (SavedFile("a.png", tmp_path),)))
    (artifact,) = audience.told[0][1]["artifacts"]
    assert (artifact["width"], artifact["height"], artifact["media_type"]) == (30, 20, "image/png")
    assert artifact["bytes"] == (tmp_path / "a.png").stat().st_size and len(artifact["sha256"]) == 64


def test_a_saved_file_that_is_gone_already_still_has_its_name(tmp_path):
    audience = Audience()
    audience.teller(NodeSkipped("a", "it is the same", (SavedFile("a.png", tmp_path, "temp"),)))
    assert audience.told[0][1]["artifacts"] == [{"node": "a", "item": 0, "index": 0, "name": "a.png", "kind": "temp"}]


def test_progress_is_told_when_it_can_be_seen_and_at_its_end(monkeypatch):
    now = 0.0
    monkeypatch.setattr(telling.time, "monotonic", lambda: now)
    audience = Audience()
    for step in range(1, 101):
        now += telling.PROGRESS / 10
        audience.teller(NodeProgress("a", step, 100))
    audience.teller(NodeProgress("b", 1, 100))
    done = [said["done"] for _, said, _ in audience.told if said["node"] == "a"]
    assert len(done) in (10, 11) and done[-1] == 100
    assert audience.told[-1][1]["node"] == "b", "another node's progress is its own"


def test_previews_are_small_pictures_and_made_no_more_often_than_wanted(monkeypatch):
    monkeypatch.setattr(telling.time, "monotonic", lambda: 1.0)
    made = []

    def preview():
        made.append(1)
        return Image.new("RGB", (2000, 1000), "red")

    audience = Audience()
    for step in range(1, 50):
        audience.teller(NodeProgress("a", step, 50, preview))
    assert len(made) == 1
    blob = next(blob for kind, _, blob in audience.told if kind == "preview")
    with Image.open(io.BytesIO(blob)) as picture:
        assert (picture.format, picture.size) == ("JPEG", (LARGEST, LARGEST // 2))


def test_nobody_watching_means_no_picture_is_made():
    audience = Audience(wants_previews=False)
    audience.teller(NodeProgress("a", 1, 2, lambda: pytest.fail("it was made")))
    assert audience.kinds() == ["progress"]


def test_what_is_no_picture_is_not_shown():
    audience = Audience()
    audience.teller(NodeProgress("a", 1, 2, lambda: None))
    assert audience.kinds() == ["progress"]
