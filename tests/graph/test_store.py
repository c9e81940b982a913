import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.declare import node
from graph.store import OutputStore, Recipe, Stored
from graph.workflow import Link, Node
from tests.graph.conftest import Bench


def stored(size):
    return Stored((), (), size=size)


def test_what_is_not_held_goes_least_recently_used_first():
    store = OutputStore(100)
    for key in "abc":
        store.put(key, stored(40))
        if key == "b":
            store.let_go("a")
            store.let_go("b")
            store.get("a")
    assert "a" in store and "b" not in store and "c" in store


def test_what_is_held_stays_even_above_the_budget():
    store = OutputStore(100)
    for key in "abcde":
        store.put(key, stored(50))
    assert len(store) == 5 and store.used == 250
    for key in "abcde":
        store.let_go(key)
    assert len(store) == 2 and store.used == 100


def test_each_holder_lets_go_for_itself():
    store = OutputStore(0)
    store.put("a", stored(1))
    store.hold("a")
    store.let_go("a")
    assert "a" in store
    store.let_go("a")
    assert "a" not in store and store.used == 0


def test_freeing_drops_what_is_idle_and_says_how_much():
    store = OutputStore(1000)
    for key in "abc":
        store.put(key, stored(100))
    store.let_go("a")
    store.let_go("b")
    assert store.free(150) == 200
    assert store.free(1000) == 0 and "c" in store


def test_putting_again_replaces_and_counts_once():
    store = OutputStore(1000)
    store.put("a", stored(100))
    store.put("a", stored(30))
    assert store.used == 30
    store.let_go("a")
    store.let_go("a")
    store.free(1000)
    assert store.used == 0


def test_recipes_are_forgotten_in_their_turn():
    store = OutputStore(recipes=2)
    for key in "abc":
        store.remember(key, Recipe((), ()))
    assert store.recall("a") is None and store.recall("c") is not None


@given(st.lists(st.tuples(st.sampled_from("phgl"), st.sampled_from("abcd"), st.integers(0, 60)), max_size=60))
def test_the_budget_holds_whatever_happens(actions):
    store = OutputStore(100)
    holders = dict.fromkeys("abcd", 0)
    for action, key, size in actions:
        if action == "p":
            store.put(key, stored(size))
            holders[key] += 1
        elif action == "h" and key in store:
            store.hold(key)
            holders[key] += 1
        elif action == "l" and holders[key]:
            store.let_go(key)
            holders[key] -= 1
        else:
            store.get(key)
        assert all(name in store for name, count in holders.items() if count)
        assert store.used == sum(entry.size for key in "abcd" if (entry := store.get(key)))
    for key, count in holders.items():
        for _ in range(count):
            store.let_go(key)
    assert store.used <= 100


class Block:
    """A value that weighs a megabyte and counts how many like it are alive."""

    alive = most = 0

    def __init__(self):
        Block.alive += 1
        Block.most = max(Block.most, Block.alive)

    def __del__(self):
        Block.alive -= 1


class Scales:
    def digest(self, value):
        return None

    def size(self, value):
        return 1 << 20

    def dump(self, value):
        return None


@node("Make")
def make(value: float) -> Block:
    return Block()


@node("Remake")
def remake(block: Block) -> Block:
    return Block()


@node("Weigh")
def weigh(block: Block) -> float:
    return 1.0


@pytest.fixture
def blocks():
    Block.alive = Block.most = 0
    return lambda capacity: Bench(make, remake, weigh, codecs=Scales(), store=OutputStore(capacity))


def chain(length):
    nodes = {"0": Node("Make", {"value": 1.0})}
    nodes |= {str(place): Node("Remake", {"block": Link(str(place - 1))}) for place in range(1, length)}
    nodes["w"] = Node("Weigh", {"block": Link(str(length - 1))})
    return nodes | {"out": Node("Show", {"value": Link("w")})}


def test_intermediates_are_dropped_after_their_last_reader_when_memory_is_short(blocks):
    bench = blocks(0)
    bench.run(chain(50))
    assert Block.most <= 3


def test_intermediates_are_kept_while_there_is_room(blocks):
    bench = blocks(1 << 30)
    bench.run(chain(50))
    assert Block.alive == 50


def test_a_sweep_holds_one_picture_at_a_time_when_memory_is_short(blocks):
    bench = blocks(0)
    nodes = {
        "r": Node("Range", {"length": 40}),
        "m": Node("Make", {"value": Link("r")}),
        "n": Node("Remake", {"block": Link("m")}),
        "w": Node("Weigh", {"block": Link("n")}),
        "out": Node("Show", {"value": Link("w")}),
    }
    assert len(bench.run(nodes).artifacts["out"]) == 40
    assert Block.most <= 4


def test_nothing_is_dropped_while_somebody_still_reads_it(blocks):
    bench = blocks(0)
    nodes = {"m": Node("Make", {"value": 1.0})}
    nodes |= {f"w{place}": Node("Weigh", {"block": Link("m")}) for place in range(5)}
    nodes |= {f"s{place}": Node("Show", {"value": Link(f"w{place}")}) for place in range(5)}
    bench.run(nodes)
    assert bench.started.count("m") == 1


def test_a_dropped_output_is_made_again_when_it_is_needed_again(blocks):
    bench = blocks(0)
    bench.run(chain(3))
    changed = chain(3) | {"w": Node("Weigh", {"block": Link("1")})}
    assert bench.shown(changed) == ["<1>"]
