"""Finds passwords by their place in commands, calls and files that name them by nothing else."""

from __future__ import annotations

import re

from alos.checks.base import Finding, Trigger
from alos.checks.secrets_context import found
from alos.checks.secrets_judge import judge
from alos.checks.secrets_value import is_placeholder, is_uuid

_LINE = 240  # characters of a line that are looked at
_END = r"(?=[\s\"'`;|&)]|$)"
_QUOTED = r"(?P<q>[\"']?)(?P<value>[^\s\"']{4,128})"

# Programs and the flag that takes their password, as in `ldapsearch … -w X`.
_FLAGS = {
    "ldap": "w",
    "unzip": "P",
    "zip": "P",
    "7z": "p",
    "redis-cli": "a",
    "mysql": "p",
    "mysqldump": "p",
    "mysqladmin": "p",
    "mariadb": "p",
    "login": "p",
    "mongo": "p",
    "mongosh": "p",
    "sqlcmd": "P",
    "bcp": "P",
    "rabbitmqadmin": "p",
    "ipmitool": "P",
    "sshpass": "p",
    "useradd": "p",
    "usermod": "p",
    "openssl": "k",
    "gpg": "passphrase",
    "plink": "pw",
    "pscp": "pw",
    "evil-winrm": "p",
    "rdesktop": "p",
}
_SHORT_FLAG = re.compile(rf"[ ]-(?P<flag>[a-zA-Z]{{1,10}})[ ]?{_QUOTED}")
# `user/password@host`, `user:password@tcp(host)`, `-U 'user%password'`, `-u user,password`.
_JOINED = (
    (
        r"(?:sqlplus|sqlldr|expdp|impdp|exp|imp|rman|oracle:thin:|oracle:oci:)[ ]?(?:-\w+[ ]|t"
        r"arget[ ])?"
        r"[\"']?[\w.$#]{1,40}/(?P<oracle>[^\s/@\"']{4,64})@[\w.\-/]"
    ),
    r"[\w.\-]{1,40}:(?P<go>[^\s:@/\"']{4,64})@(?:tcp|unix|udp)\(",
    r"-U[ ]?[\"']?[\w.\\/\-]{1,40}%(?P<samba>[^\s\"']{4,64})",
    r"lftp[ ]-u[ ]?[\"']?[\w.\-@]{1,40},(?P<lftp>[^\s\"']{4,64})",
    (
        r"htpasswd[ ]-[a-zA-Z]*b[a-zA-Z]*[ ](?:\S{1,80}[ ])?[\w.\-@]{1,40}[ ][\"']?(?P<htpasswd"
        r">[^\s\"']{4,64})"
    ),
    r"/user:[\"']?[\w.\\@\-]{1,60}[\"']?[ ](?!/)[\"']?(?P<net>[^\s/\"'][^\s\"']{3,63})",
    r"/u:[\w.\\@\-]{1,60}[ ]/p:[\"']?(?P<rdp>[^\s\"']{4,64})",
    r"-pass(?:in|out)?[ ]pass:[\"']?(?P<openssl>[^\s\"']{4,64})",
)
_JOIN = re.compile("|".join(f"(?:{one})" for one in _JOINED))
_CHPASSWD = re.compile(
    r"(?P<q>[\"'])[\w.\-]{1,40}:(?P<value>[^\"'\n]{4,64})(?P=q)[ ]{0,2}\|[ ]{0,2}(?:sudo[ ])?$"
)
_THIRD = re.compile(
    r"[\"'](?:jdbc:|mysql:|pgsql:|sqlsrv:|oci:|postgres(?:ql)?:|mongodb:|ldaps?:|smtps?:|"
    r"sftp:|tcp:)[^\"'\n]{3,200}[\"'],\s{0,20}[\"'][^\"'\n]{1,60}[\"'],\s{0,20}[\"'](?P<value>[^\"'\n]{4,128})[\"']",
    re.IGNORECASE,
)
_PGPASS = re.compile(
    r"(?:[\w.\-*]{1,80}):(?:\d{4,5}|\*):[\w*\-]{1,40}:[\w.\-*]{1,40}:(?P<value>[^\s:]{4,64}"
    r")[ \t]*(?:\r?\n|$)"
)
_DIRECTIVE = re.compile(
    r"[ \t]*(?:password|passwd|requirepass|masterauth|auth_pass|enable secret|secret)[ \t]{1,8}"
    r"(?P<q>[\"']?)(?P<value>[^\s\"'=:]\S{3,127}?)(?P=q)[ \t]*(?:\r?\n|$)"
)


def confirm_short_flag(text: str, start: int, end: int) -> Finding | None:
    """Confirm the password flag of a program that is known to take one."""
    program = text[start:end].strip(" \n\t$;&|(\"'`").lower()
    name = next((one for one in _FLAGS if program.startswith(one)), None)
    line = text.find("\n", end, end + _LINE)
    limit = line if line >= 0 else end + _LINE
    for match in _SHORT_FLAG.finditer(text, end - 1, limit):
        if name is None or match["flag"] != _FLAGS[name]:
            joined = name in {"mysql", "mysqldump", "mysqladmin", "mariadb", "7z"}
            if not (joined and match["flag"].startswith("p") and text[match.end("flag")] != " "):
                continue
            first, value = match.start("flag") + 1, text[match.start("flag") + 1 : match.end()]
        else:
            first, value = match.start("value"), match["value"]
        if (one := _password(value, first, "secret/command")) is not None:
            return one
    return None


def confirm_joined(text: str, start: int, _end: int) -> Finding | None:
    """Confirm a password that a command or a driver's address joins to the user's name."""
    match = _JOIN.search(text, max(0, start - 44), start + _LINE)
    if match is None or match.lastgroup is None or match.start() > start:
        return None
    return _password(match[match.lastgroup], match.start(match.lastgroup), "secret/command")


def confirm_chpasswd(text: str, start: int, _end: int) -> Finding | None:
    """Confirm `'user:password' | chpasswd`."""
    match = _CHPASSWD.search(text, max(0, start - 140), start)
    return _password(match["value"], match.start("value"), "secret/command") if match else None


def confirm_third(text: str, start: int, _end: int) -> Finding | None:
    """Confirm the third argument of `connect("jdbc:…", "user", "…")`."""
    match = _THIRD.match(text, start)
    if match is None or _ADDRESS.match(match["value"]):
        return None
    return _password(match["value"], match.start("value"), "secret/login-call")


_ADDRESS = re.compile(r"[a-z]{2,12}:")
_TYPED = re.compile(
    r"(?:password|passwd|passwort)\]?[\"']\)?(?:\)?(?:\.|->)\w{2,20}\(|,)[ ]?[\"'](?P<value"
    r">[^\"'\n]{4,128})[\"']\)",
    re.IGNORECASE,
)


def confirm_typed(text: str, start: int, _end: int) -> Finding | None:
    """Confirm what a script types into a password field: `find('password').send_keys('…')`."""
    match = _TYPED.match(text, start)
    return _password(match["value"], match.start("value"), "secret/login-call") if match else None


def confirm_pgpass(text: str, start: int, _end: int) -> Finding | None:
    """Confirm the last field of a line `host:port:database:user:password`."""
    first = text.rfind("\n", max(0, start - 90), start) + 1
    match = _PGPASS.match(text, max(first, start - 90))
    return _password(match["value"], match.start("value"), "secret/pgpass") if match else None


def confirm_directive(text: str, start: int, _end: int) -> Finding | None:
    """Confirm a line that is a password's name, a space and the value (netrc, redis.conf)."""
    match = _DIRECTIVE.match(text, start + (text[start] == "\n"))
    if match is None:
        return None
    return _password(match["value"], match.start("value"), "secret/directive")


def _password(value: str, first: int, rule: str) -> Finding | None:
    value = value.rstrip("\\,;)`")
    if is_uuid(value) or is_placeholder(value):
        return None
    if judge(value, "password", quoted=True, whole_line=True) is None:
        return None
    return found(first, first + len(value), "PASSWORD", rule, 0.8)


def command_triggers() -> tuple[Trigger, ...]:
    """Return the triggers of this module."""
    programs = "|".join(sorted(_FLAGS))
    return (
        Trigger(
            rule="secret/command",
            expression=rf"(?:^|[\s$;&|(\"'`/])(?:{programs})[a-z]{{0,8}} ",
            confirm=confirm_short_flag,
        ),
        Trigger(
            rule="secret/command",
            expression=(
                r"sqlplus |sqlldr |expdp |impdp |oracle:(?:thin|oci):|[^\s:@/\"']{4}@(?:tcp"
                r"|unix)\(|"
                r"-U ?[\"']?[\w.\\/\-]{1,40}%|lftp -u|htpasswd -[a-zA-Z]|/user:[\"']?[\w."
                r"\\@\-]{1,60}[\"']? |"
                r"-pass(?:in|out)? pass:|/u:[\w.\\@\-]{1,60} /p:"
            ),
            confirm=confirm_joined,
        ),
        Trigger(rule="secret/command", expression=r"chpasswd", confirm=confirm_chpasswd),
        Trigger(
            rule="secret/login-call",
            expression=(
                r"[\"'](?:jdbc|mysql|pgsql|sqlsrv|oci|postgres(?:ql)?|mongodb|ldaps?|smtps?|sftp|tcp):"
                r"[^\"'\n]{3,200}[\"'],\s{0,20}[\"'][^\"'\n]{1,60}[\"'],\s{0,20}[\"']"
            ),
            confirm=confirm_third,
        ),
        Trigger(
            rule="secret/login-call",
            expression=(
                r"(?:password|passwd|passwort)\]?[\"']\)?(?:\)?(?:\.|->)[a-zA-Z_]{2,20}\(|,"
                r") ?[\"']"
            ),
            confirm=confirm_typed,
            caseless=True,
        ),
        Trigger(
            rule="secret/pgpass",
            expression=r":(?:[0-9]{4,5}|\*):[\w*\-]{1,40}:[\w.\-*]{1,40}:[^\s:]{4}",
            confirm=confirm_pgpass,
        ),
        Trigger(
            rule="secret/directive",
            expression=(
                r"(?:^|\n)[ \t]{0,8}(?:password|passwd|requirepass|masterauth|auth_pass|ena"
                r"ble secret|secret)"
                r"[ \t]{1,8}[^\s=:]{4}"
            ),
            confirm=confirm_directive,
        ),
    )
