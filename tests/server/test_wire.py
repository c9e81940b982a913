"""What is told of a job's nodes, from its events."""

import pytest

from server.events import Message
from server.wire import node_states, progress

RUNS = [
    ("planned", {"steps": ["1", "2"], "cached": ["0"]}),
    ("node_started", {"node": "1", "item": 0, "items": 1}),
    ("node_finished", {"node": "1", "item": 0, "items": 1, "seconds": 0.5}),
    ("node_started", {"node": "2", "item": 0, "items": 1}),
]


def states(*events):
    told = [Message(number, "a job", 0.0, kind, content) for number, (kind, content) in enumerate(events)]
    return node_states(told)


@pytest.mark.parametrize("end", ["cancelled", "failed", "interrupted"])
def test_no_node_runs_in_a_job_that_was_stopped(end):
    found = states(*RUNS, (end, {}))
    assert found == {
        "0": {"state": "cached"},
        "1": {"state": "finished", "seconds": 0.5},
        "2": {"state": "planned"},
    }
    assert progress(found) == {"done": 2, "total": 3}


def test_of_a_job_that_waits_again_nothing_is_planned_yet():
    found = states(*RUNS, ("requeued", {"reason": "The worker died.", "attempt": 1}))
    assert found == {} and progress(found) is None


def test_a_node_that_failed_stays_that_when_its_job_ends():
    found = states(*RUNS, ("node_errored", {"node": "2", "message": "No."}), ("failed", {"error": {}}))
    assert found["2"] == {"state": "failed", "message": "No."}
