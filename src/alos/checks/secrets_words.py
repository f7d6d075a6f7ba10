"""Finds passwords that are plain words, where a sentence leaves no doubt that one is told.

"The password is swordfish" tells one, "the password is wrong" doesn't, and the two differ in
nothing but the word. So a word counts only right after such a phrase, at the end of a clause, and
when it is none of the words that say something about a password.
"""

from __future__ import annotations

import re

from alos.checks.secrets_value import is_filler

_WHOSE = re.compile(
    r"(?:\b(?:the|my|our|your|his|her|its|their|this|old|new|current|temporary|initial|default|"
    r"shared|admin|administrator|root|guest|user|vpn|wi-?fi|db|database|router|master|login|"
    r"account|mail|email|das|mein|unser|le|la|mon|notre|el|il|mi|a|o|minha)|'s)\s{1,2}$",
    re.IGNORECASE,
)
_TOLD = re.compile(
    r"(?:\s(?:for|of|to|on|f\u00fcr|pour|de|para|per)\s[^.:;,?!\n]{1,40}?)?"
    r"(?:\s(?:is|was|ist|war|lautet|est|es|\u00e8|\u00e9)|\s?(?P<sign>[:=]))\s{1,2}"
    r"(?P<quote>[\"'`\u201c\u2018]?)(?P<value>[A-Za-z]{6,24}(?:[-_.][A-Za-z]{3,24}){0,5})"
    r"(?P<end>[\"'`\u201d\u2019]?)(?=[.,;!?)]{0,2}(?:\n|$|\s(?:and|but|user|for|if|can|thanks|und|et)\b)"
    r"|[.,;!?]\s)",
    re.IGNORECASE,
)
# What a password may be said to be: endings of adjectives, participles and adverbs, and words.
_SAID = re.compile(
    r"(?:\w+(?:ed|ly|ing|able|ible|ive|less|ful|ous|ent|ant|ory|ary|ical|lich|bar|isch|ible)|"
    r"un\w+|in(?:correct|valid|secure)\w*|"
    r"wrong|correct|weak|strong|stronger|shorter|longer|common|simple|secret|public|"
    r"private|broken|taken|stolen|written|hidden|known|shown|given|chosen|forgotten|typed|random|"
    r"another|nothing|something|anything|everything|always|either|neither|never|hardly|probably|"
    r"perhaps|already|usually|somewhere|plaintext|plain|hashes|safe|salted|secure|outdated|"
    r"alright|okay|alphanumeric|numeric|default|defaults|exactly|similar|identical|"
    r"longest|shortest|minimum|maximum|enough|better|thing|things|visible|hidden|"
    r"string|boolean|integer|object|method|function|variable|parameter|argument|field|"
    r"falsch|richtig|abgelaufen|erforderlich|sicher|unsicher|leer|ung\u00fcltig|obligatoire|"
    r"incorrecto|incorrecta|errato|correcto|correcta|invalide|faible|vide|court|"
    r"provided|within|without|before|after|because|rather|whether|really|simply|"
    r"passwords?|passphrases?|tokens?|secrets?|credentials?|hashcat|bcrypt|argon|scrypt|"
    r"patience|letmein|today|yesterday|tomorrow|there|below|above|follows|following)",
    re.IGNORECASE,
)
_SHORTEST_PHRASE = 3


def find_told_word(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Return the span of a word or of joined words told after the noun at `start` to `end`."""
    match = _TOLD.match(text, end, end + 120)
    if match is None or bool(match["quote"]) != bool(match["end"]):
        return None
    value = match["value"]
    words = re.split(r"[-_.]", value)
    if 1 < len(words) < _SHORTEST_PHRASE or is_filler(value):
        return None
    if any(_SAID.fullmatch(word) or is_filler(word) for word in words[:2]):
        return None
    alone = start == 0 or text[start - 1] == "\n"
    if match["sign"] and text[match.end() : match.end() + 1] not in {"", "\n"}:
        return None  # a field of some program, not a line of a message
    if not alone and not _WHOSE.search(text, max(0, start - 24), start):
        return None
    return match.span("value")
