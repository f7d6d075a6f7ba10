"""YAML is read with its lines, and nothing dangerous in it is read at all."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alos.control.documents import MAXIMUM_BYTES, Document, Problem, parse_document

TEXT = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters="\ufeff"),
    max_size=20,
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | TEXT,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(TEXT.filter(bool), inner, max_size=4)
    ),
    max_leaves=20,
)


def read(text: str) -> Document:
    document, problems = parse_document("file.yaml", text.encode())
    assert problems == []
    assert document is not None
    return document


def read_problem(raw: str | bytes) -> Problem:
    _, problems = parse_document("file.yaml", raw.encode() if isinstance(raw, str) else raw)
    assert len(problems) == 1
    return problems[0]


def test_every_key_and_item_keeps_its_line() -> None:
    document = read("a: 1\nb:\n  - x\n  - c: 2\n")
    assert document.lines == {("a",): 1, ("b",): 2, ("b", 0): 3, ("b", 1): 4, ("b", 1, "c"): 4}


def test_a_missing_place_is_pointed_at_by_the_nearest_one_around_it() -> None:
    assert read("a: 1\nb:\n  c: 1\n").get_line(("b", "missing", 3)) == 2


@pytest.mark.parametrize("word", ["no", "off", "on", "yes", "y", "1:30", "0x10", "2027-06-30"])
def test_words_that_older_yaml_converts_stay_text(word: str) -> None:
    assert read(f"key: {word}").data == {"key": word}


def test_a_number_with_a_point_stays_exact() -> None:
    assert read("key: 0.1000000001").data == {"key": Decimal("0.1000000001")}


def test_a_quoted_number_is_text() -> None:
    assert read('key: "1"').data == {"key": "1"}


@pytest.mark.parametrize("number", [".inf", "-.inf", ".nan", "1e400", "9" * 5000])
def test_numbers_out_of_reach_are_no_numbers(number: str) -> None:
    assert read(f"key: {number}").data == {"key": number}


def test_a_key_that_stands_twice_is_named_with_both_lines() -> None:
    problem = read_problem("a: 1\nb: 2\na: 3\n")
    assert (problem.line, problem.key) == (3, "a")
    assert "line 1" in problem.message


def test_the_first_of_two_keys_counts() -> None:
    document, _ = parse_document("file.yaml", b"a: 1\na: 3\n")
    assert document is not None
    assert document.data == {"a": 1}


@pytest.mark.parametrize(
    "text",
    [
        "a: &x [1, 2]\nb: *x\n",
        "a: &x 1\n",
        "a: *x\n",
        "a: !!python/object/apply:os.system [echo]\n",
        "a: !custom 1\n",
        "? [a, b]\n: 1\n",
        "a: 1\n---\nb: 2\n",
        "[" * 200,
        "a: [1, 2",
        "a: 'open",
        "a: \x07\n",
        "\tb: 1",
    ],
    ids=range(12),
)
def test_what_a_voter_could_misread_is_refused(text: str) -> None:
    document, problems = parse_document("file.yaml", text.encode())
    assert document is None
    assert len(problems) == 1
    assert problems[0].mend


def test_an_alias_bomb_is_refused_at_its_first_anchor() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [*{chr(97 + i)}, *{chr(97 + i)}]\n" for i in range(20)
    )
    assert read_problem(bomb).line == 1


def test_a_file_that_is_too_large_is_not_read() -> None:
    assert str(MAXIMUM_BYTES) in read_problem(b"#" * (MAXIMUM_BYTES + 1)).message


def test_bytes_that_are_not_utf8_are_named_by_line() -> None:
    problem = read_problem(b"a: 1\nb: \xff\n")
    assert (problem.line, problem.message) == (2, "the file is not UTF-8")


def test_a_syntax_error_does_not_quote_the_file() -> None:
    problem = read_problem("key: 'sk-live-secret\nother: @hunter2\n")
    assert "hunter2" not in problem.message
    assert "sk-live" not in problem.message


@given(VALUES)
def test_json_is_read_as_json(value: object) -> None:
    document, problems = parse_document(
        "file.yaml", json.dumps({"key": value}, ensure_ascii=False).encode()
    )
    assert problems == []
    assert document is not None
    assert document.data == {"key": value}


@given(st.text(max_size=200))
def test_no_text_makes_the_reader_fail(text: str) -> None:
    document, problems = parse_document("file.yaml", text.encode("utf-8", "replace"))
    assert document is not None or problems


def test_a_problem_reads_as_one_line() -> None:
    problem = read_problem("a: 1\na: 2\n")
    assert str(problem) == (
        "file.yaml:2: `a` the key stands twice; the first is in line 1. Keep one of the two."
    )
