import itertools

from hypothesis import given
from hypothesis import strategies as st

from alos.providers.quotes import Quotes

KEY = b"sk-aab-aac-1234567890"


def cut(raw: bytes, places: list[int]) -> list[bytes]:
    edges = sorted({0, len(raw), *(place % (len(raw) + 1) for place in places)})
    return [raw[start:end] for start, end in itertools.pairwise(edges)]


def strike(chunks: list[bytes], credential: bytes = KEY) -> list[bytes]:
    quotes = Quotes(credential)
    return [*(quotes.strike(chunk) for chunk in chunks), quotes.take_rest()]


@given(
    parts=st.lists(
        st.sampled_from([KEY, KEY[:6], KEY[:-1], b"sk-", b"aa", b"\n", b"x"]), max_size=9
    ),
    places=st.lists(st.integers(0, 200), max_size=12),
)
def test_however_a_stream_is_cut_the_credential_does_not_go_on(
    parts: list[bytes], places: list[int]
) -> None:
    raw = b"".join(parts)
    assert b"".join(strike(cut(raw, places))) == raw.replace(KEY, b"***")
    assert Quotes(KEY).strike_whole(raw) == raw.replace(KEY, b"***")


def test_what_ends_an_event_goes_on_at_once() -> None:
    chunks = [b'data: {"a": "sk-"}\n\n', b"data: [DONE]\n\n"]
    assert strike(chunks) == [*chunks, b""]


def test_no_credential_and_a_short_one_change_nothing() -> None:
    for credential in (b"", b"none", b"local"):
        assert strike([b"none local", b"\n"], credential) == [b"none local", b"\n", b""]
