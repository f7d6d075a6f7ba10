"""What personal data is written into, and what only looks like it.

In NEAR_MISSES `#` stands for a digit and `@` for a capital.
"""

from __future__ import annotations

PROSE = (
    "Thanks for getting back to us so quickly, the export finished overnight.",
    "The nightly build took 14 minutes and 3 of 2,481 tests were skipped.",
    "Please keep the agenda to five items; we ran 20 minutes over last week.",
    "Der Versand dauert in der Regel drei bis fünf Werktage.",
    "Merci de votre patience, nous revenons vers vous rapidement.",
    "for (let i = 0; i < 1024; i++) { total += weights[i] * 0.0625; }",
    "Revenue grew 12.5% to $48.2 million in the three months to 30 June 2024.",
)

CARRIERS = (
    "Hi team, my <label> is <value>, please update my account.",
    "<label>: <value>",
    '{"id": <n>, "name": "<name>", "<key>": "<value>", "active": true}',
    "2024-03-11T09:14:22Z INFO [worker-3] <key>=<value> status=200",
    "id,name,<key>,city\n<n>,<name>,<value>,Leeds",
    "INSERT INTO customers (id, name, <key>) VALUES (<n>, '<name>', '<value>');",
    "Agent: could you confirm your <label>?\nCustomer: sure, it's <value>",
    "> On Tue, <name> wrote:\n> the <label> on file is <value>\nCan you check?",
    "| Name | <label> |\n|------|------|\n| <name> | <value> |",
    "<record><name><name></name><<key>><value></<key>></record>",
    "Customer <name> (<label> <value>) called about a refund.",
)

HELD_OUT_CARRIERS = (
    "customer:\n  name: <name>\n  <key>: <value>\n  tier: gold",
    "user = {'name': '<name>', '<Key>': '<value>'}",
    '<input type="text" name="<key>" value="<value>"/>',
    "Patient <name> was seen today. <label> <value>. Follow-up in two weeks.",
    "Sehr geehrte Damen und Herren, <label> lautet <value>. Mit freundlichen Grüßen",
    "Bonjour, voici mon <label> : <value> merci",
    "[14:02] <name>: <label> - <value>\n[14:03] bot: thanks!",
    "name\t<key>\tplan\n<name>\t<value>\tpro",
    "Ticket <n>: caller gave <label> as <value> and asked to close the account",
    "<LABEL>\n<value>\n\nSIGNATURE".replace("<LABEL>", "<label>"),
    "UPDATE person SET <key> = '<value>' WHERE name = \"<name>\";",
    "Here you go <value> (that's my <label>)",
)

NEAR_MISSES = (
    "Order #112-#######-####### shipped",
    "order number ##########",
    "Tracking 1Z999AA1########84 via UPS, tracking no 9400 1### #### #### #### 12",
    "invoice INV-2024-###### for $1,###.##",
    "Invoice number ########",
    "commit 3f9a##b7c1d2e4f5a6b7c8d9e0f1a2b3c4d5e6f7",
    "request_id=550e84##-e29b-41d4-a716-44665544####",
    "version 10.4.#.1## released, see v2.##.#",
    "ts=170########## level=warn",
    "1712345### 17123456##",
    "2024-0#-1# 12:3#:4#,### DEBUG pid=##### took 0.########s",
    "lat 48.85######, lon 2.35######",
    "git clone git@github.com:org/repo-##.git",
    "npm i left-pad@1.#.# @types/node@20.#.#",
    "icon@2x.png sprite@3x.webp",
    "systemctl status getty@tty#.service",
    "ISBN 978-3-16-14841#-0, ISSN 2049-36##",
    "listening on 127.0.0.1:80## and 192.168.#.#0, 10.0.#.#",
    "GET /api/v2/users/##########/orders/######## 200",
    "https://example.com/p/############?ref=########",
    "SKU 45#-##-#### in stock",
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f0####",
    "pi = 3.14159265358979, e = 2.718281828459045",
    "0x7ffe######## in frame #3",
    "Boston, MA 02110-13##",
    "Copyright 2011-2024 The Authors",
    "room 12-34-56, extension ####",
    "part no. ###-##-####",
    "ticket ### ### ####",
    "serial number ###########",
    "@pytest.mark.parametrize('n', [1, 2, 3])",
    "total: 1 234 567 890 bytes",
    "chr1:#######-####### and 11-22-33",
    "10.1145/33####.33#####",
    "IP ranges 10.0.0.0/8, 203.0.113.0/24",
    "card ending in ####",
    "call back in 20#-30# minutes",
    "ETA 12:##:## 00:00:00:00:00:00",
    "matrix 12 34 56 78 90 12 34 56",
    "std::vector<int>::iterator it; a::b::c",
)
