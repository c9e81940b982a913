import asyncio
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.protocol import LENGTHS, BadFrame, Channel, Frame, pack, receive

WORDS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def read_all(packed: bytes) -> list[Frame]:
    async def read() -> list[Frame]:
        stream = asyncio.StreamReader()
        stream.feed_data(packed)
        stream.feed_eof()
        frames = []
        while (frame := await receive(stream)) is not None:
            frames.append(frame)
        return frames

    return asyncio.run(read())


def read_blocking(packed: bytes) -> list[Frame]:
    channel, frames = Channel(io.BytesIO(packed), io.BytesIO()), []
    while (frame := channel.receive()) is not None:
        frames.append(frame)
    return frames


@given(st.lists(st.tuples(st.text(min_size=1), st.dictionaries(st.text(), WORDS), st.binary()), max_size=4))
def test_what_is_packed_comes_out_at_both_ends(messages):
    messages = [
        (kind, {key: value for key, value in members.items() if key != "kind"}, blob)
        for kind, members, blob in messages
    ]
    packed = b"".join(pack(*message) for message in messages)
    frames = [Frame({"kind": kind, **members}, blob) for kind, members, blob in messages]
    assert read_all(packed) == read_blocking(packed) == frames


def test_a_channel_sends_frames():
    outgoing = io.BytesIO()
    Channel(io.BytesIO(), outgoing).send("event", b"picture", job="1", data={"seed": 2**64 - 1})
    (frame,) = read_all(outgoing.getvalue())
    assert (frame.kind, frame.blob) == ("event", b"picture")
    assert frame.message["data"] == {"seed": 2**64 - 1}


@pytest.mark.parametrize("read", [read_all, read_blocking])
@pytest.mark.parametrize("length", range(1, len(pack("stop", {}, b"12"))))
def test_a_pipe_that_ends_inside_a_frame_is_broken(read, length):
    with pytest.raises(BadFrame, match="ended inside"):
        read(pack("stop", {}, b"12")[:length])


@pytest.mark.parametrize("read", [read_all, read_blocking])
@pytest.mark.parametrize(
    "packed",
    [
        b"Loading model: 100%|####|",  # a library that printed into the pipe
        LENGTHS.pack(2, 0) + b"[]",
        LENGTHS.pack(2, 0) + b"{}",
        LENGTHS.pack(3, 0) + b"{a}",
        LENGTHS.pack(11, 0) + b'{"kind": 1}',
    ],
)
def test_what_is_no_frame_is_refused(read, packed):
    with pytest.raises(BadFrame):
        read(packed)


def test_numbers_that_are_none_are_not_sent():
    with pytest.raises(ValueError, match="JSON"):
        pack("event", {"seconds": float("nan")})


def test_half_a_character_becomes_a_question_mark():
    (frame,) = read_all(pack("event", {"name": "caf\udce9.png"}))
    assert frame.message["name"] == "caf?.png"
