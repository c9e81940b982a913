import asyncio
import gc

import pytest

from server.events import BOUND, CHUNK, VOLATILE, WAITING, Hub, Message


class Kept:
    """Messages as the database keeps them, and a hub that tells of them."""

    def __init__(self):
        self.messages: list[Message] = []
        self.reads = 0
        self.hub = Hub(self.read, 0)

    async def read(self, after, job, limit):
        self.reads += 1
        found = [message for message in self.messages if message.seq > after and job in (None, message.job)]
        await asyncio.sleep(0)  # things happen while a database is read
        return found[:limit]

    def tell(self, kind="node_started", job="a", node="1"):
        message = Message(len(self.messages) + 1, job, 0.0, kind, {"node": node})
        self.messages.append(message)
        self.hub.publish(message)

    def progress(self, done, job="a", node="1", kind="progress"):
        self.hub.publish(Message(None, job, 0.0, kind, {"node": node, "done": done}))


@pytest.fixture
def kept():
    return Kept()


async def take(messages, count):
    return [await asyncio.wait_for(anext(messages), 5) for _ in range(count)]


async def none_waits(messages):
    waiting = asyncio.ensure_future(anext(messages))
    for _ in range(10):
        await asyncio.sleep(0)
    return not waiting.done() and waiting.cancel()


def numbers(messages):
    return [message.seq for message in messages]


def test_a_listener_hears_what_happens_from_the_moment_it_came(kept):
    async def run():
        kept.tell()
        messages = kept.hub.subscribe()
        kept.tell()
        kept.tell(job="b")
        assert numbers(await take(messages, 2)) == [2, 3]
        assert kept.reads == 0

    asyncio.run(run())


def test_one_that_comes_back_misses_nothing_and_hears_nothing_twice(kept):
    async def run():
        for _ in range(3 * CHUNK):
            kept.tell()
        messages = kept.hub.subscribe(after=2)
        found = []
        async for message in messages:
            found.append(message.seq)
            if message.seq % 100 == 0 and len(kept.messages) < 3 * CHUNK + 50:
                kept.tell()
            if message.seq == len(kept.messages):
                break
        assert found == list(range(3, len(kept.messages) + 1))
        kept.tell()
        assert numbers(await take(messages, 1)) == [len(kept.messages)]

    asyncio.run(run())


def test_one_job_is_all_that_its_listener_hears(kept):
    async def run():
        for job in "abab":
            kept.tell(job=job)
        messages = kept.hub.subscribe(after=0, job="b")
        assert numbers(await take(messages, 2)) == [2, 4]
        kept.tell(job="a")
        kept.tell(job="b")
        assert numbers(await take(messages, 1)) == [6]

    asyncio.run(run())


def test_a_slow_reader_holds_little_and_loses_nothing_that_is_kept(kept):
    async def run():
        messages = kept.hub.subscribe()
        for _ in range(5 * WAITING):
            kept.tell()
        assert messages.held <= WAITING
        assert numbers(await take(messages, 5 * WAITING)) == list(range(1, 5 * WAITING + 1))
        assert await none_waits(messages)

    asyncio.run(run())


def test_a_reader_that_is_hopelessly_behind_is_told_where_to_go_on(kept):
    async def run():
        messages = kept.hub.subscribe()
        for _ in range(BOUND + 5):
            kept.tell()
        (lagged,) = await take(messages, 1)
        assert (lagged.type, lagged.seq, lagged.data) == ("lagged", None, {"missed": BOUND + 5, "seq": BOUND + 5})
        kept.tell()
        assert numbers(await take(messages, 1)) == [BOUND + 6]

    asyncio.run(run())


def test_one_that_heard_more_than_ever_happened_here_is_told_and_goes_on_from_now(kept):
    async def run():
        kept.tell()
        messages = kept.hub.subscribe(after=500)
        kept.tell()
        (lagged,) = await take(messages, 1)
        assert (lagged.type, lagged.data) == ("lagged", {"missed": 1, "seq": 1})
        assert numbers(await take(messages, 1)) == [2]

    asyncio.run(run())


def test_of_progress_only_the_last_of_each_node_counts(kept):
    async def run():
        messages = kept.hub.subscribe()
        for done in range(100):
            kept.progress(done)
            kept.progress(done, node="2")
        kept.progress(7, kind="preview")
        found = await take(messages, 3)
        assert [(message.type, message.node, message.data["done"]) for message in found] == [
            ("progress", "1", 99),
            ("progress", "2", 99),
            ("preview", "1", 7),
        ]

    asyncio.run(run())


def test_progress_of_what_has_ended_is_not_told(kept):
    async def run():
        messages = kept.hub.subscribe()
        kept.progress(1, node="1")
        kept.progress(1, node="2")
        kept.progress(1, job="b")
        kept.tell("node_finished", node="1")
        kept.tell("failed", job="b", node=None)
        assert [(message.type, message.node) for message in await take(messages, 3)] == [
            ("node_finished", "1"),
            ("failed", None),
            ("progress", "2"),
        ]

    asyncio.run(run())


def test_progress_of_a_graph_of_many_nodes_is_held_for_a_few(kept):
    async def run():
        messages = kept.hub.subscribe()
        for node in range(1000):
            kept.progress(1, node=str(node))
        assert messages.held == VOLATILE
        assert [message.node for message in await take(messages, VOLATILE)][-1] == "999"

    asyncio.run(run())


def test_who_leaves_or_is_let_go_of_costs_nothing_more(kept):
    async def run():
        with kept.hub.subscribe(job="a"):
            assert kept.hub.is_watched("a") and not kept.hub.is_watched("b")
        assert not kept.hub.is_watched("a")
        kept.hub.subscribe()
        gc.collect()
        assert not kept.hub.is_watched("a")

    asyncio.run(run())


def test_the_end_of_the_hub_is_the_end_of_every_iteration(kept):
    async def run():
        messages = kept.hub.subscribe(), kept.hub.subscribe(job="a")

        async def read(some):
            return [message.seq async for message in some]

        readers = [asyncio.create_task(read(some)) for some in messages]
        kept.tell()
        await asyncio.sleep(0.01)
        kept.hub.close()
        assert await asyncio.wait_for(asyncio.gather(*readers), 5) == [[1], [1]]

    asyncio.run(run())


def test_the_text_of_a_message_is_its_json():
    assert Message(7, "a", 1.23456, "node_started", {"node": "ö"}, b"jpeg").text == (
        '{"seq":7,"job":"a","time":1.235,"type":"node_started","data":{"node":"ö"}}'
    )
