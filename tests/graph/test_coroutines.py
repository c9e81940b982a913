import asyncio
import threading
import time

import pytest

from graph.coroutines import Flights
from graph.declare import Resource, node
from graph.errors import Cancelled
from graph.events import NodeFinished, NodeProgress
from graph.reporting import Progress
from graph.workflow import Link, Node


@node("Wait")
async def wait(value: float, seconds: float = 0.1) -> float:
    """Wait without keeping anybody else from working."""
    await asyncio.sleep(seconds)
    return value


@node("WaitAndTell")
async def wait_and_tell(progress: Resource[Progress], rounds: int = 1000) -> float:
    """Wait, telling how far it is."""
    for turn in range(rounds):
        progress(turn, rounds)
        await asyncio.sleep(0.01)
    return 0.0


@node("WaitAndFail")
async def wait_and_fail() -> float:
    """Fail after a while."""
    await asyncio.sleep(0.01)
    raise ValueError("no answer")


@node("Work")
def work(value: float) -> float:
    """Keep the thread busy."""
    time.sleep(0.1)
    return value


@pytest.fixture(autouse=True)
def registered(bench):
    for function in (wait, wait_and_tell, wait_and_fail, work):
        bench.registry.add(function.node_type)


def test_coroutine_nodes_run_side_by_side(bench):
    nodes = {str(place): Node("Wait", {"value": float(place), "seconds": 0.5}) for place in range(10)}
    nodes |= {f"s{place}": Node("Show", {"value": Link(str(place))}) for place in range(10)}
    started = time.perf_counter()
    result = bench.run(nodes)
    assert time.perf_counter() - started < 4, "one after the other would take five seconds"
    assert [result.artifacts[f"s{place}"] for place in range(10)] == [(f"<{place}>",) for place in range(10)]


def test_no_more_than_so_many_coroutines_run_at_once_and_all_of_them_end(bench, monkeypatch):
    monkeypatch.setattr("graph.run.MOST_FLIGHTS", 3)
    side_by_side, most = 0, 0

    @node("Count")
    async def count(value: float) -> float:
        nonlocal side_by_side, most
        side_by_side += 1
        most = max(most, side_by_side)
        await asyncio.sleep(0.01)
        side_by_side -= 1
        return value

    bench.registry.add(count.node_type)
    nodes = {"r": Node("Range", {"length": 20}), "c": Node("Count", {"value": Link("r")})}
    nodes |= {"sum": Node("Sum", {"values": Link("c")}), "out": Node("Show", {"value": Link("sum")})}
    assert bench.shown(nodes) == ["<190>"]
    assert most == 3


def test_a_synchronous_node_runs_while_coroutines_wait(bench):
    nodes = {
        "a": Node("Work", {"value": 1.0}),
        "w": Node("Wait", {"value": 2.0, "seconds": 0.05}),
        "sum": Node("Add", {"a": Link("a"), "b": Link("w")}),
        "out": Node("Show", {"value": Link("sum")}),
    }
    assert bench.shown(nodes) == ["<3>"]
    assert bench.started[:2] == ["w", "a"]


def test_items_that_end_out_of_order_are_shown_in_order(bench):
    nodes = {
        "r": Node("Range", {"length": 3}),
        "d": Node("Delay", {"value": Link("r")}),
        "w": Node("Wait", {"value": Link("r"), "seconds": Link("d")}),
        "out": Node("Show", {"value": Link("w")}),
    }

    @node("Delay")
    def delay(value: float) -> float:
        return 0.6 - 0.3 * value

    bench.registry.add(delay.node_type)
    assert bench.shown(nodes) == ["<0>", "<1>", "<2>"]
    ended = [event.item for event in bench.of(NodeFinished) if event.node == "w"]
    assert ended == [2, 1, 0]


def test_a_failing_coroutine_fails_its_node(bench):
    result = bench.run({"w": Node("WaitAndFail"), "out": Node("Show", {"value": Link("w")})})
    assert result.failures["w"].message == "no answer"


def test_cancelling_reaches_into_a_waiting_coroutine(bench):
    threading.Timer(0.2, bench.cancel.set).start()
    started = time.perf_counter()
    with pytest.raises(Cancelled):
        bench.run({"w": Node("Wait", {"value": 1.0, "seconds": 60.0}), "out": Node("Show", {"value": Link("w")})})
    assert time.perf_counter() - started < 10


def test_cancelling_takes_hold_where_a_coroutine_reports(bench):
    def watch(event):
        bench.events.append(event)
        if isinstance(event, NodeProgress) and event.done == 2:
            bench.cancel.set()

    bench.watch = watch
    with pytest.raises(Cancelled):
        bench.run({"w": Node("WaitAndTell"), "out": Node("Show", {"value": Link("w")})})
    assert len(bench.of(NodeProgress)) == 3


def test_coroutine_outputs_are_stored(bench):
    nodes = {"w": Node("Wait", {"value": 1.0}), "out": Node("Show", {"value": Link("w")})}
    bench.run(nodes)
    bench.run(nodes)
    assert bench.started == []


def test_no_thread_outlives_the_flights():
    flights: Flights[str] = Flights()

    async def forever() -> None:
        await asyncio.sleep(3600)

    flights.start("x", forever())
    assert flights and flights.land(0.01) is None
    flights.close()
    assert not any(thread.name == "coroutine nodes" for thread in threading.enumerate())
