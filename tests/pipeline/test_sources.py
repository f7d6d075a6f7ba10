"""A source is matched only where the text with its digest was really sent."""

from hashlib import sha256

import pytest

from alos.domain.record import Evidence
from alos.domain.standing import Action
from alos.pipeline.sources import Source, match_sources
from tests.pipeline.conversation import (
    Conversation,
    ScriptedAnswer,
    build_standing,
    build_workflow,
    completion,
    say,
)

TEXT = "Returns are free within 30 days.\nAfter that: no."
DIGEST = sha256(TEXT.encode()).hexdigest()
DECLARED = f"kb/returns.md=sha256:{DIGEST}"


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        f'Use this:\n<source id="kb/returns.md">\n{TEXT}\n</source>\nThanks.',
        f'<source id="x">{TEXT}</source><source id="y">other</source>',
    ],
)
def test_a_digest_is_found_as_a_whole_text_or_between_tags(text: str) -> None:
    found = match_sources(["a", DECLARED], ["first", text])
    assert found == [Source("a", Evidence.DECLARED), Source("kb/returns.md", Evidence.MATCHED)]


@pytest.mark.parametrize(
    ("declared", "name"),
    [
        (f"kb/returns.md=sha256:{DIGEST[:-1]}0", "kb/returns.md"),
        (f"kb/returns.md=sha256:{DIGEST.upper()}", f"kb/returns.md=sha256:{DIGEST.upper()}"),
        ("kb/returns.md=sha256:", "kb/returns.md=sha256:"),
    ],
)
def test_another_digest_or_none_stays_the_caller_s_word(declared: str, name: str) -> None:
    if name == "kb/returns.md" and declared.endswith(DIGEST):
        pytest.skip("the digest ends in 0")
    assert match_sources([declared], [TEXT]) == [Source(name, Evidence.DECLARED)]


async def _ask(talk: Conversation, text: str) -> list[tuple[str, str]]:
    talk.provider.answers = [ScriptedAnswer(body=completion("ok"))]
    await talk.run(say(text), headers={"x-alos-sources": f"faq, {DECLARED}"})
    closing = talk.journal.closings[-1]
    return [(one.name, one.value) for one in closing.personal if one.name.startswith("source")]


async def test_the_record_says_which_sources_were_matched() -> None:
    assert await _ask(Conversation(), TEXT) == [
        ("source.declared", "faq"),
        ("source.matched", "kb/returns.md"),
    ]
    assert (await _ask(Conversation(), TEXT + " "))[1] == ("source.declared", "kb/returns.md")


async def test_a_text_that_was_replaced_before_it_was_sent_is_not_matched() -> None:
    workflow = build_workflow(actions={"credentials": Action.BLOCK, "pii": Action.REDACT})
    talk = Conversation(build_standing(workflow=workflow))
    request = f'<source id="r">{TEXT}</source> write to ana.silva@example.org'
    assert (await _ask(talk, request))[1] == ("source.declared", "kb/returns.md")
