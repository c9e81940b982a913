"""What holds for every graph, tried on random ones."""

from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.declare import Artifact, Blocked, Lazy, node, volatile
from graph.events import NodeStarted
from graph.store import OutputStore
from graph.workflow import Link, Node
from tests.graph.conftest import Bench


class Seen(Artifact, str): ...


@node("Leaf")
def leaf(value: int) -> int:
    return value


@node("Mix")
def mix(a: int, b: int) -> int:
    return (a * 3 + b) % 11


@node("Blur")
def blur(a: int) -> int:
    """Loses most of what goes in, so that early cutoffs happen."""
    return a % 2


@node("Spread")
def spread(a: int) -> list[int]:
    return list(range(a % 4))


@node("Gather")
def gather(many: list[int]) -> int:
    return sum(many) % 11


@node("Pick", needs=lambda inputs: ["yes" if inputs["on"] % 2 else "no"])
def pick(on: int, yes: Lazy[int] = 0, no: Lazy[int] = 0) -> int:
    return yes if on % 2 else no


@node("Stop")
def stop(a: int) -> int | Blocked:
    return Blocked("seven") if a == 7 else a


@node("Fail")
def fail(a: int) -> int:
    if a == 5:
        raise ValueError("five")
    return a


@node("Tock", fingerprint=volatile)
def tock(a: int) -> int:
    return a


@node("See")
def see(a: int) -> Seen:
    return Seen(a)


KINDS = {
    "Mix": ("a", "b"),
    "Blur": ("a",),
    "Spread": ("a",),
    "Gather": ("many",),
    "Pick": ("on", "yes", "no"),
    "Stop": ("a",),
    "Fail": ("a",),
    "Tock": ("a",),
}
FUNCTIONS = (leaf, mix, blur, spread, gather, pick, stop, fail, tock, see)


@st.composite
def workflows(draw, kinds=tuple(KINDS)):
    nodes = {f"n{place}": Node("Leaf", {"value": draw(st.integers(0, 12))}) for place in range(draw(st.integers(1, 3)))}
    for place in range(len(nodes), draw(st.integers(len(nodes), 14))):
        kind = draw(st.sampled_from(kinds))
        nodes[f"n{place}"] = Node(kind, {name: Link(f"n{draw(st.integers(0, place - 1))}") for name in KINDS[kind]})
    watched = draw(st.lists(st.sampled_from(sorted(nodes)), min_size=1, max_size=3, unique=True))
    return nodes | {f"see_{name}": Node("See", {"a": Link(name)}) for name in watched}


def outcome(bench, nodes):
    """What a user gets from a run."""
    result = bench.run(nodes)
    return result.artifacts, {name: str(error) for name, error in result.failures.items()}, dict(result.blocked)


def fresh(capacity=1 << 30):
    return Bench(*FUNCTIONS, store=OutputStore(capacity))


def changed(nodes, value):
    first = next(name for name, placed in nodes.items() if placed.type == "Leaf")
    return nodes | {first: Node("Leaf", {"value": value})}


law = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@law
@given(workflows(), st.integers(0, 12), st.sampled_from([0, 1, 200, 1 << 30]))
def test_results_do_not_depend_on_what_is_stored(nodes, value, capacity):
    bench = fresh(capacity)
    expected = outcome(fresh(), nodes), outcome(fresh(), changed(nodes, value))
    seen = [outcome(bench, nodes), outcome(bench, changed(nodes, value)), outcome(bench, nodes), outcome(bench, nodes)]
    assert [artifacts for artifacts, _, _ in seen] == [
        expected[0][0],
        expected[1][0],
        expected[0][0],
        expected[0][0],
    ]
    assert [failures for _, failures, _ in seen][:2] == [expected[0][1], expected[1][1]]


@law
@given(workflows(tuple(kind for kind in KINDS if kind not in ("Stop", "Fail", "Tock"))))
def test_a_second_run_calls_nothing_and_an_unplanned_node_never_runs(nodes):
    bench = fresh()
    result = bench.run(nodes)
    assert set(bench.started) <= set(bench.events[0].steps)
    bench.run(nodes)
    assert bench.started == []
    assert bench.events[0].steps == () or result.blocked, "what is blocked is found out anew"


def most_runs(bench, nodes):
    bench.run(nodes)
    return max(Counter((event.node, event.item) for event in bench.of(NodeStarted)).values(), default=0)


@law
@given(workflows())
def test_each_unit_runs_at_most_once(nodes):
    assert most_runs(fresh(), nodes) <= 1


@law
@given(workflows(tuple(kind for kind in KINDS if kind != "Pick")))
def test_each_unit_runs_at_most_once_even_where_nothing_can_be_kept(nodes):
    assert most_runs(fresh(0), nodes) <= 1


@law
@given(workflows(tuple(kind for kind in KINDS if kind not in ("Tock", "Fail"))), st.randoms())
def test_keys_do_not_depend_on_ids_or_on_the_order_of_the_document(nodes, random):
    bench = fresh()
    bench.run(nodes)
    names = [f"x{place}" for place in range(len(nodes))]
    random.shuffle(names)
    renamed = dict(zip(nodes, names, strict=True))
    entries = [
        (
            renamed[name],
            Node(
                placed.type,
                {
                    label: Link(renamed[value.node]) if isinstance(value, Link) else value
                    for label, value in reversed(placed.inputs.items())
                },
            ),
        )
        for name, placed in nodes.items()
    ]
    random.shuffle(entries)
    bench.run(dict(entries))
    assert bench.started == []


@law
@given(workflows())
def test_a_run_leaves_nothing_held(nodes):
    bench = fresh()
    bench.run(nodes)
    bench.executor.store.free(1 << 40)
    assert len(bench.executor.store) == 0
