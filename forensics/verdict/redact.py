"""Secrets in logged messages: replaced before a message is quoted anywhere.

Works on the text as logged (JSON, JSON within JSON, XML, forms, query strings, headers, or a cut-off piece of any), so that
what is left is still quoted, not written anew. Rather too much than too little: a name that contains `token` is secret.
"""

from __future__ import annotations

import re
from typing import Final

MARK: Final = "[redacted]"

_NAME: Final = (
    r"(?:[\w.-]{0,40}(?:token|passw(?:or)?d|passphrase|passwd|pwd|secret|cookie|authori[sz]ation|api[-_]?key|access[-_]?key|app[-_]?key|"
    r"private[-_]?key|credential|signature|jsessionid|session[-_]?id)[\w.-]{0,40}|[\w.-]{0,40}(?:密码|口令|令牌|密钥|签名)[\w.-]{0,40}|sign|pass|auth|sid)"
)
_PATTERNS: Final = (
    # "name": "value", also where the quotes are escaped because the JSON stands inside a text
    (rf'("{_NAME}"\s*:\s*)"(?:[^"\\]|\\.)*(?:"|$)', rf'\1"{MARK}"'),
    (rf'(\\+"{_NAME}\\+"\s*:\s*)(\\+")(?:(?!\\+").)*(?:\\+"|$)', rf"\1\2{MARK}\2"),
    (rf"('{_NAME}'\s*:\s*)'(?:[^'\\]|\\.)*(?:'|$)", rf"\1'{MARK}'"),
    (rf'(\\*"{_NAME}\\*"\s*:\s*)[^\s",}}\]\\\[]+', rf"\1{MARK}"),
    (rf"(<(?:\w+:)?({_NAME})(?:\s[^<>]{0, 200})?>)[^<]*", rf"\1{MARK}"),
    (r"(?m)((?:^|[\s,{;])(?:set-|proxy-)?(?:cookie|authorization)\s*[:=]\s*)[^\r\n\"]+", rf"\1{MARK}"),
    (rf"((?:^|[?&;,\s{{(\[]){_NAME}\s*[=:]\s*)(?!\[redacted\])[^&;,\s\"'<>}})\]]+", rf"\1{MARK}"),
    (r"\b(Bearer|Basic|Digest|Negotiate)\s+[\w.~+/=-]{6,}", rf"\1 {MARK}"),
    (r"\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?", MARK),  # a JSON web token
    (r"(\b\w{1,12}://)[^/\s:@]{1,80}:[^/\s@]{1,200}@", rf"\1{MARK}@"),
)
_RULES: Final = tuple((re.compile(pattern, re.IGNORECASE | re.DOTALL), put) for pattern, put in _PATTERNS)
_SECRET_NAME: Final = re.compile(_NAME, re.IGNORECASE)


def redact(text: str) -> str:
    """The text with the values of passwords, tokens, cookies, keys and the like replaced by `[redacted]`."""
    for pattern, put in _RULES:
        text = pattern.sub(put, text)
    return text


def is_secret(name: str) -> bool:
    """Whether a header or field of this name is not to be shown."""
    return _SECRET_NAME.fullmatch(name.strip()) is not None
