"""How people tell each other passwords and keys: nouns, what links a value to them, what is none.

Nouns are texts, bounds pieces of Hyperscan expressions over UTF-8 bytes; the rest are Python's.
"""

from __future__ import annotations

import re

# with пароль, κωδικός, סיסמה, كلمة المرور
LONG_LOGIN_NOUN = (
    "(?:passw(?:or)?ds?|passphrase|passcode|passwort|kennwort|mot de passe|contrase\u00f1a|"
    "contrasenya|senha|wachtwoord|zugangsdaten|anmeldedaten|identifiants?|clave|credentials?|creds|"
    "credenciales|has\u0142o|heslo|lozinka|jelsz\u00f3|parola(?:s\u0131|m)?|"
    "(?:\u015f|\u015e)ifre(?:si|m|niz)?|l\u00f6senord(?:et)?|passord(?:et)?|adgangskoden?|salasana|"
    "zugang|acc\u00e8s|accesso|acceso|acesso|logged in|m\u1eadt kh\u1ea9u|"
    "(?:\u043f|\u041f)\u0430\u0440\u043e\u043b\u044c|(?:\u03ba|\u039a)\u03c9\u03b4\u03b9\u03ba\u03cc\u03c2|"
    "\u05e1\u05d9\u05e1\u05de\u05d4|\u0643\u0644\u0645\u0629 \u0627\u0644\u0645\u0631\u0648\u0631)"
)
LONG_KEY_NOUN = "(?:jeton|secret|token|api ?key)"
# パスワード, 密码, 密碼, 비밀번호 and what says that a value comes
UNSPACED_NOUN = (
    r"(?:\xe3\x83\x91\xe3\x82\xb9\xe3\x83\xaf\xe3\x83\xbc\xe3\x83\x89|\xe5\xaf\x86\xe7\xa0\x81|"
    r"\xe5\xaf\x86\xe7\xa2\xbc|\xeb\xb9\x84\xeb\xb0\x80\xeb\xb2\x88\xed\x98\xb8)"
)
SHORT_LOGIN_NOUN = "(?:pwd|pw|mdp|pin|logins?|log in|log into|log on|sign in|pass)"
SHORT_KEY_NOUN = "key"
BOUND = r"(?:[\s:=,\"'`*)(?.!;]|$)"
# what links a plain word to the noun before it, and the word's beginning
TOLD_WORD = (
    r"(?:\s(?:for|of|to|on|f\xc3\xbcr|pour|de|para|per)\s[^.:;,?!\n]{1,80})?"
    r"(?:\s(?:is|was|ist|war|lautet|est|es|\xc3\xa8|\xc3\xa9)|\s?[:=])\s{1,2}"
    r"(?:[\"'`]|\xe2\x80[\x9c\x98])?[A-Za-z]{6}"
)
# what people put before a value they quote
MARK = "(?:[\"'`*(<\\[\u2018\u201c\u00ab\u201e\u2039]{1,3}[ \u00a0\u202f]?)?"
ABOUT = (
    r"(?:\s+(?:(?:for|of|to|on|in|at|into|you|i|we|that|protecting|unlocking|f\u00fcr|von|vom|zum|zur|"
    r"des|der|de|del|du|pour|para|per|do|da|di|en|auf|im|sur|till|f\u00f6r|til|voor|van|av|della|dello|al)\s|dell?'|d'|l')"
    r"[^:=\n]{1,60}?|(?:\s(?!(?:hash|length|len|polic|strength|reset|hint|field|expir|manager|file|id|"
    r"type|generat|version|limit|count|size|name|rule|min|max)\w*)[^\W\d_]{3,12}){1,2}(?=\s?[:=]\s)|\s\w{3,12}(?=\s(?:est|es|\u00e8|\u00e9|era|\u00e9tait)\s))?"
)
SET = r"(?:set|changed|reset|updated|rotated)"
CONNECTOR = (
    rf"(?:(?<!\w)(?:is now|is still|is(?!\s{SET})|was(?!\s{SET})|are|were|it's|its|be|"
    "used to be|"
    rf"(?:(?:was|is|has been|been|got|gets)\s)?{SET}\sto|to|as|should be|will be|would be|"
    r"w\u00e4re|wird|sera|ser\u00e1|sar\u00e0|dann|used|use|using|"
    r"with|like|from|still|von|e\.g\.|auf|en|a|para|to|ist|lautet|war|\u00e4r|er|c'est|c'\u00e9tait|\u044d\u0442\u043e|est|es|era|\u00e9tait|\u00e8|\u00e9)(?!\w)|(?::|=|->|=>|\u2192|(?<=\s)[-/|\u2013\u2014](?=\s)))"
)
AFTER = re.compile(
    rf"(?P<lead>[\w)\"'`*]{{0,3}}(?:\s\([^()\n]{{1,24}}\))?{ABOUT}"
    r"(?:\?\s(?=it(?:'s| is)))?[\s,]{0,3}"
    r"(?:(?:which|that|it|i|we|still|now|also|just|should|will|has|have|been|"
    r"wurde|hat|a|\u00e9t\u00e9|foi|fue|werd|stata)\s){0,4}"
    rf"{CONNECTOR}"
    r"(?:\s(?:just|still|now|like|pourtant|toujours|noch|siempre|ancora|ainda|"
    r"literally|currently|this|this one|set to|the following))?"
    r"[:=]?|(?:'s|,)?\s)"
    rf"\s{{0,3}}(?P<quote>{MARK})(?P<value>[^\s\"`\u2018\u2019\u201c\u201d\u00ab\u00bb]{{5,200}})",
    re.IGNORECASE,
)
BEFORE = re.compile(
    r"(?:^|[\s\"'`(*])(?P<value>[^\s\"'`(]{6,200}?)[\"'`)*,;:]{0,3}"
    r"\s{1,2}(?:\((?=(?:the|my|our)\s)|\(?(?:(?:<-+|\u2190)\s)?(?:(?:that|this|which)\s)?"
    r"(?:is|was|as|for|being|a|that's|it's|in|into|im|ins|dans|comme|als|como|come|som|"
    r"(?:long|strong|good|safe|secure|ok|okay|fine)(?:\senough)?\s(?:for|as|to\sbe))\s)"
    r"(?:(?:the|my|our|your|a|its|his|her|their|new|old|le|la|mon|das|mein|mi|minha|il)\s){0,3}(?:[A-Za-z0-9_.\-]{2,16}\s){0,2}$",
)
USER = re.compile(
    r"[^\n]{0,40}?(?:^|[ \t:(\"'`])(?P<user>[A-Za-z][\w.@+\-]{1,50})"
    r"(?P<sep>[ \t]?[:/|,(][ \t]?)"
    r"[\"'`]{0,2}(?P<value>[^\s\"'`]{6,100})",
)
USER_APART = re.compile(
    r"[^\n]{0,40}?(?:^|[ \t:(\"'`])(?P<user>[A-Za-z][\w.@+\-]{1,50})(?P<sep>[ \t]+)"
    r"[\"'`]{0,2}(?P<value>[^\s\"'`]{6,100})",
)
USER_WORD = re.compile(
    r"[^\n]{0,40}?(?:^|[ \t:(\"'`])(?P<user>[A-Za-z][\w.@+\-]{1,50})(?P<sep>[ \t]+)"
    r"(?:and|using|with|und|mit|et|avec|y|con|e)[ \t]+[\"'`]{0,2}(?P<value>[^\s\"'`]{6,100})",
)
CLOCK = r"(?:[ \t]{0,3}[\[(]?\d{1,2}:\d{2}(?::\d{2})?(?:[ \t]?[AP]M)?[\])]?[ \t]{0,2})"
SPEAKER = rf"{CLOCK}?[<@]?(?-i:[A-Z]?[a-z]{{1,15}}|[A-Z])>?"
# A question or a request that ends with the noun, and the next speaker's line that is the value.
ANSWERED = re.compile(
    r"[^\n:=]{0,40}(?:(?:[?.:][ \t]*\n{1,2}|\?[ \t]{1,2})[ \t]*"
    rf"(?:{SPEAKER}(?::[ \t]*|{CLOCK}?:?\n))?|"
    rf"\n{{1,2}}[ \t]*{SPEAKER}(?::[ \t]+|{CLOCK}:?\n))"
    r"(?:(?:sure|ok|okay|yes|it's|it is|its|here|here you go)[ \t,:.!\-]{1,3}){0,2}(?:it's[ \t])?"
    rf"(?P<quote>{MARK})(?P<value>[^\s\"`\u00ab\u00bb\u201c\u201d]{{6,200}})[\"'`.)\u201d"
    rf"\u00bb]{{0,2}}[ \t]*(?:\n|$)",
    re.IGNORECASE,
)
DIRECT = re.compile(
    rf"(?:is|was|are|be|"
    r"(?:is|was|ist|war|est|es|\u00e8|\u00e9|era)\s(?:still|now|jetzt|nun|maintenant|d\u00e9sormais|"
    r"ahora|ora|adesso|agora|currently|aktuell|probably|nog|nu|teraz)|"
    rf"to|as|from|'s|sera|ser\u00e1|w\u00e4re|dann|wird|ist|war|lautet|auf|en|von|est|es|era|\u00e8|\u00e9|"
    rf"\?|:|=|->|=>|\u2192|-|\u2013|/)\s*{MARK}$",
    re.IGNORECASE,
)
# Words with digits that people write beside a secret's noun and that are none.
ALGORITHM = (
    r"(?i:sha|md|latin|cp|koi|windows|office|aes|base|utf|hs|rs|es|ps|rc|rfc|iso|https?|ipv|pbkdf|ripemd|blake|ed|curve|secp|"
    r"rsa|scram|win|oauth|argon|bcrypt|python|node|java|x|log4j|k8s|h|s|ec|mp|top|area|web)"
    r"[-_]?\d+[A-Za-z]{0,2}"
)
QUANTITY = (
    r"\d+(?:st|nd|rd|th|[kKmMgG]?[bB]?)|\d{3}-\d{2,3}[A-Z]?|\d{1,2}:\d{2}\w*|"
    r"\d+[-/ ]?(?:day|hour|min|minute|char|"
    r"character|digit|bit|byte|word|letter|factor|step|month|week|year|time)s?"
)
CODED = (
    r"[A-Z]{2,6}[-_ ]?\d{1,5}[a-z]?|[A-Za-z]{1,12}v\d|v\d+(?:alpha|beta|rc|b|a|p)?\d*(?:\.["
    r"\w.]*)?|[A-Za-z]+\d?[-/][A-Za-z]+\d?|"
    r"[a-z]+\d\.[a-z]+|[A-Z]?[a-z]+(?:[A-Z][a-z]+)+\d?|[A-Z][a-z]+\d?[A-Z][a-z]{3,}\w*|"
    r"\w+\.\w+\(.*|[\w.]+[-/]\d{2,4}(?:[-/]\d+)*"
)
TERM = re.compile(f"(?:{ALGORITHM}|{QUANTITY}|{CODED})")
ENCODED = re.compile(r"(?=[A-Za-z/]*[0-9+])[A-Za-z0-9+/]{38,}={0,2}")
FIELD = re.compile(r"(?:[a-z_]{3,40}|[A-Z_]{3,40})=")
HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+){2,8}(?::\d+)?")
KEYWORD = re.compile(
    r"(?:[A-Z]{3,}+|[A-Z]?[a-z]{2,}+)(?:[A-Z][a-z]++|_\w++)*+\d?=|[\w.]+\(|[A-Za-z]\w*\.[A-Za-z]\w*$"
)
JOINED_TITLES = re.compile(r"_[A-Z][a-z]{2,10}(?:_|$)|^[A-Z][a-z]{2,10}_[a-z]{3}")
TITLES_AND_NUMBER = re.compile(r"(?:[A-Z][a-z]{2,11}){2,3}\d{1,4}[!.*?$#]?")
DOTTED_WORDS = re.compile(r"[A-Za-z][a-z]{3,11}(?:\.[A-Za-z][a-z]{3,11}){2,5}\d{0,4}")
TITLED = re.compile(
    r"(?:^|\.)[A-Z][a-z]{2,10}(?=\.[A-Za-z]{3,11}\.[A-Za-z]{3})|\.[A-Z][a-z]{2,10}$"
)
LINK = re.compile(r"^//|^\\|://|\]\(|/[^/]+/|\{\w+\}")
