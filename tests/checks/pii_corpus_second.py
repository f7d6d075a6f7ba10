# ruff: noqa: E501 - templates are read better on one line; people write in their languages
"""A second corpus of personal data: carriers, languages and look-alikes of another hand.

Values are those of `pii_corpus_kinds.py` (they follow the issuers' rules); what stands around them is
new. Its first run is stated in docs/reference/checks.md.
"""

from __future__ import annotations

import random  # noqa: TID251 - a corpus is repeatable

from tests.checks.pii_corpus import Document
from tests.checks.pii_corpus_kinds import KINDS, Kind
from tests.checks.pii_corpus_values import FIRST, LAST, digits

LABELLED = (
    "Hi, this is <name>. My <label> is <value>, can you update the file?",
    "<label>: <value>",
    "* <label> — <value>",
    "<label> = <value>",
    "The customer gave <value> as <label>.",
    "user: what do you need?\nassistant: Your <label>, please.\nuser: <value>",
    "Can you check whether <label> <value> belongs to <name>?",
    '{"<key>": "<value>", "status": "open"}',
    "<<key>><value></<key>>",
    "<key>=<value>&lang=en",
    "name,<key>,city\n<name>,<value>,Leeds",
    "| name | <label> |\n|---|---|\n| <name> | <value> |",
    "INFO 2026-03-14 09:26:53 lookup <key>=<value> took 14 ms",
    "<tr><td><label></td><td><value></td></tr>",
    "- <label>:\n  <value>",
    "Bitte prüfe <label> <value> von <name>.",
    "Kunde <name>, <label>: <value>",
    "Le dossier de <name> (<label> <value>) est incomplet.",
    "El cliente <name> tiene <label> <value>.",
    "Il cliente <name>, <label> <value>, chiede un rimborso.",
    "De klant <name> heeft <label> <value>.",
    'Ticket 4411: <name> wrote "my <label> is <value>" and wants a call back.',
    "<label> (<value>) was rejected by the form",
    "> <label>: <value>\n> thanks\nWill do.",
    "Form 7b\nName: <name>\n<label>: <value>\nSigned: yes",
    "<key>: <value>\nname: <name>\n",
    "UPDATE people SET <key> = '<value>' WHERE id = 12;",
    '"<label>";"<value>"',
    "<name>\t<label>\t<value>",
    "Please verify: <label> → <value>",
)
BARE = (
    "You can reach <name> at <value>.",
    "<value>",
    "contact <name> <value> about the invoice",
    "From: <name> <<value>>",
    "We saw <value> in the export, is that ours?",
    "Send it to <value> please",
    "<name>, <value>, Leeds",
    "Ich habe <value> notiert.",
    "Voici : <value>",
    "Anota <value>, por favor.",
    "row 7: <value> | ok",
    "(<value>)",
    '"<value>"',
    "call me: <value>!",
    "Refund went to <value> yesterday.",
)
WITHOUT_LABEL = {"EMAIL_ADDRESS", "CREDIT_CARD", "IBAN_CODE"}
CLEAN = (
    "Order ##-######-### ships on 2026-04-##.",
    "Invoice INV-2026-00#### of EUR #,###.00 is due.",
    "version 1#.#.### (build ########)",
    "commit #a#f##c#e##b#d##a#c##e#f##b#d##a#c##e#f",
    "uuid #a#b#c#d-12##-4#a#-8#b#-##c##d##e#f#",
    "tracking number 1Z999AA1############",
    "SKU ###-####-##, lot L########",
    "GET /v1/items/######## 200 ##ms",
    "2026-03-1#T09:2#:5#.###Z worker-# started",
    "ISBN 978-3-16-14####-#",
    "timestamp 17########## epoch",
    "lat 52.5###### lon 13.4######",
    "The meeting is at 14:## in room 3.##.",
    "It costs $#,###.## per 1,000 requests.",
    "sha256:#a#f##c#e##b#d##a#c##e#f##b#d##a#c##e#f#a#f##c#e##b#d##a#",
    "port 8### on host web-##",
    "page ### of ####",
    "RFC #### section #.#.#",
    "chapter ## verse ##",
    "ticket #######, priority 2",
    "memory ####### kB used",
    "id=########## type=job",
    "EAN 40########## in stock",
    "VIN not needed for model ####",
    "part no. ####-####-####",
    "ratio #.######",
    "The years 19##-20## were dry.",
    "pi is 3.14159265358979",
    "batch 2026###-##",
    "error 0x8007####",
    "GPU driver 5##.##.##",
    "score 12-##",
    "article ##########, shelf ##",
    "postcode 1####, Berlin",
    "coordinates (##.####, ##.####)",
    '{"id": #########, "total": ####}',
    "a,b,c\n1##,2##,3##\n4##,5##,6##",
    "reference ########## was closed",
    "Bestellnummer ##########",
    "numéro de commande ########",
    "pedido ##########",
    "meter reading ###### kWh",
)
PROSE = (
    "Could you make the summary shorter?",
    "Bitte antworte auf Deutsch.",
    "The job failed twice last night.",
    "Merci pour votre aide.",
    "Gracias, eso es todo.",
    "See section 4.2 for the details.",
    "We have 1,204 users in 12 countries.",
)


def make_corpus(seed: int, count: int) -> list[Document]:
    """Make `count` documents; half hold personal data, half only look-alikes."""
    dice = random.Random(seed)  # noqa: S311 - a corpus is repeatable
    return [_document(dice) if index % 2 else _look_alike(dice) for index in range(count)]


def _document(dice: random.Random) -> Document:
    text, spans = "", []
    for _ in range(dice.choice([1, 1, 2])):
        kind: Kind = dice.choice(KINDS)
        value, label = kind.make(dice), dice.choice(kind.labels)
        bare = kind.type in WITHOUT_LABEL or (
            kind.type == "PHONE_NUMBER" and value.startswith("+")
        )
        template = dice.choice(BARE) if bare and dice.random() < 0.5 else dice.choice(LABELLED)
        key = "_".join(label.lower().replace("'", "").replace("-", " ").split())
        filled = template.replace("<label>", label).replace("<key>", key)
        filled = filled.replace("<name>", f"{dice.choice(FIRST)} {dice.choice(LAST)}")
        if dice.random() < 0.4:
            text += dice.choice(PROSE) + "\n"
        at = len(text) + filled.index("<value>")
        text += filled.replace("<value>", value) + "\n\n"
        spans.append((kind.type, at, at + len(value)))
        if dice.random() < 0.3:
            text += digits(dice.choice(CLEAN))(dice) + "\n\n"
    return Document(text=text, spans=tuple(spans))


def _look_alike(dice: random.Random) -> Document:
    lines = [digits(dice.choice(CLEAN))(dice) for _ in range(dice.randrange(1, 7))]
    lines += [dice.choice(PROSE) for _ in range(dice.randrange(3))]
    dice.shuffle(lines)
    return Document(text="\n".join(lines), spans=())
