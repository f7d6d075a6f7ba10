from hypothesis import given
from hypothesis import strategies as st

from alos.checks.base import Finding
from alos.checks.redact import redact


def _finding(start: int, end: int, type_: str = "token", confidence: float = 0.9) -> Finding:
    return Finding(
        kind="secret", type=type_, start=start, end=end, rule="r", confidence=confidence
    )


def test_a_finding_is_replaced_by_its_type() -> None:
    assert redact("key=abc;", [_finding(4, 7)]) == "key=[TOKEN];"


def test_nothing_found_leaves_the_text_as_it_is() -> None:
    assert redact("as it is", []) == "as it is"


def test_overlapping_findings_become_one_label_of_the_surest() -> None:
    found = [_finding(0, 5, "email", 0.5), _finding(3, 8, "password", 0.9)]
    assert redact("abcdefghij", found) == "[PASSWORD]ij"


@given(st.data())
def test_no_character_of_a_finding_survives_and_every_other_does(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 40))
    text = "".join(chr(0x4E00 + at) for at in range(size))
    spans = data.draw(
        st.lists(
            st.tuples(st.integers(0, size - 1), st.integers(1, size)).filter(
                lambda span: span[0] < span[1],
            ),
        ),
    )
    result = redact(text, [_finding(*span) for span in spans])
    covered = {at for start, end in spans for at in range(start, end)}
    kept = "".join(character for at, character in enumerate(text) if at not in covered)
    assert result.replace("[TOKEN]", "") == kept
