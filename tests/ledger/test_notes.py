import pytest
from hypothesis import given
from hypothesis import strategies as st

from alos.ledger.note import (
    NoteMalformedError,
    SignatureBadError,
    SigningKey,
    VerifyKey,
    open_note,
    sign_note,
    split_note,
)

# The example that Go's note package documents; its key and signature are public.
PUBLISHED_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PUBLISHED_TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
PUBLISHED_SIGNATURE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdn"
    "gotpRZb6KE6RyyBwJnAM=\n"
)
KEY = SigningKey("alos/test", b"k" * 32)
_texts = st.lists(
    st.text(st.characters(min_codepoint=32, exclude_characters="\ufffd", codec="utf-8")),
    min_size=1,
    max_size=5,
).map(lambda lines: "".join(f"{line}\n" for line in lines))


def test_a_note_that_others_signed_opens_with_their_key() -> None:
    key = VerifyKey.parse(PUBLISHED_KEY)
    note = f"{PUBLISHED_TEXT}\n{PUBLISHED_SIGNATURE}"
    assert open_note(note, [key]) == (PUBLISHED_TEXT, (key,))


@given(text=_texts)
def test_what_was_signed_opens_as_it_was(text: str) -> None:
    note = sign_note(text, KEY)
    assert open_note(note, [KEY.verify_key]) == (text, (KEY.verify_key,))


def test_two_keys_sign_one_note() -> None:
    other = SigningKey("alos/test", b"o" * 32)
    note = sign_note("text\n", KEY, other)
    assert open_note(note, [other.verify_key])[1] == (other.verify_key,)
    assert open_note(note, [KEY.verify_key, other.verify_key])[1] == (
        KEY.verify_key,
        other.verify_key,
    )


def test_a_note_by_a_stranger_is_signed_by_none_of_ours() -> None:
    note = sign_note("text\n", SigningKey("somebody", b"s" * 32))
    assert open_note(note, [KEY.verify_key]) == ("text\n", ())


@pytest.mark.parametrize("at", [0, 3])
def test_a_changed_text_does_not_open(at: int) -> None:
    note = sign_note("text\n", KEY)
    changed = note[:at] + "!" + note[at + 1 :]
    with pytest.raises(SignatureBadError):
        open_note(changed, [KEY.verify_key])


@pytest.mark.parametrize(
    "note",
    [
        "",
        "text\n",
        "text\n\n",
        "text\n\n— alos/test\n",
        "text\n\n- alos/test AAAAAAAA\n",
        "text\n\n— alos/test AAAA\n",
        "text\n\n— alos/test !!!!\n",
        "text\n\n— al+os AAAAAAAA\n",
        "te\txt\n\n— alos/test AAAAAAAA\n",
        "text\n\n— alos/test AAAAAAAA",
    ],
)
def test_what_is_no_note_is_refused(note: str) -> None:
    with pytest.raises(NoteMalformedError):
        split_note(note)


def test_a_signature_in_another_base64_is_refused() -> None:
    note = sign_note("text\n", KEY).removesuffix("\n")
    with pytest.raises(NoteMalformedError):
        split_note(note + "\r\n")


def test_a_key_reads_back_from_its_text() -> None:
    assert VerifyKey.parse(str(KEY.verify_key)) == KEY.verify_key
    assert SigningKey.parse(KEY.to_secret_text()).verify_key == KEY.verify_key
    assert str(VerifyKey.parse(PUBLISHED_KEY)) == PUBLISHED_KEY


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name+00000000+AAAA",
        PUBLISHED_KEY.replace("c74f20a3", "c74f20a4"),
        PUBLISHED_KEY.replace("PeterNeumann", "Peter Neumann"),
        PUBLISHED_KEY.replace("PeterNeumann", "PeterNewman"),
    ],
)
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(NoteMalformedError):
        VerifyKey.parse(text)


def test_a_secret_key_does_not_show_itself() -> None:
    secret = KEY.to_secret_text().rsplit("+", 1)[1]
    assert secret not in repr(KEY)
    with pytest.raises(NoteMalformedError):
        SigningKey.parse(str(KEY.verify_key))
