"""No secret of a logged message is quoted, whatever its shape; the rest stays as it was logged."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.verdict.redact import MARK, is_secret, redact

NAMES = st.sampled_from(
    ["password", "Passwd", "userPwd", "token", "accessToken", "refresh_token", "appSecret", "X-Api-Key", "api_key", "sign",
     "signature", "Authorization", "Cookie", "JSESSIONID", "session_id", "credentials", "密码", "接口令牌"]
)  # fmt: skip
VALUES = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=8, max_size=40).map(
    lambda s: "Zq" + s
)
SHAPES = {
    "json": lambda n, v: json.dumps({"taskCode": "RW1", n: v, "podCode": "TP000123"}, ensure_ascii=False),
    "spaced json": lambda n, v: json.dumps({"a": [{"b": {n: v}}], "podCode": "TP000123", "taskCode": "RW1"}, indent=2, ensure_ascii=False),
    "json in json": lambda n, v: json.dumps({"body": json.dumps({n: v, "podCode": "TP000123", "taskCode": "RW1"}, ensure_ascii=False)}, ensure_ascii=False),
    "json in json in json": lambda n, v: json.dumps({"x": json.dumps({"body": json.dumps({n: v, "podCode": "TP000123", "taskCode": "RW1"}, ensure_ascii=False)}, ensure_ascii=False)}, ensure_ascii=False),
    "cut json": lambda n, v: '{"podCode":"TP000123","taskCode":"RW1","' + n + '":"' + v,
    "escaped quote": lambda n, v: '{"podCode":"TP000123","taskCode":"RW1","' + n + '":"a\\"' + v + '"}',
    "number-like": lambda n, v: '{"podCode":"TP000123","taskCode":"RW1","' + n + '":' + v + "}",
    "form": lambda n, v: f"podCode=TP000123&{n}={v}&taskCode=RW1",
    "query": lambda n, v: f"/iwcs/taskNotify?{n}={v}&podCode=TP000123&taskCode=RW1",
    "xml": lambda n, v: f"<r><podCode>TP000123</podCode><{n}>{v}</{n}><taskCode>RW1</taskCode></r>",
    "header": lambda n, v: f"podCode: TP000123\r\n{n}: {v}\r\ntaskCode: RW1",
    "python": lambda n, v: "{'podCode': 'TP000123', '" + n + "': '" + v + "', 'taskCode': 'RW1'}",
    "bearer": lambda n, v: f"podCode=TP000123 taskCode=RW1 Authorization: Bearer {v}",
    "url": lambda n, v: f"http://user:{v}@10.0.0.1/x podCode=TP000123 taskCode=RW1",
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
@given(name=NAMES, value=VALUES)
def test_the_secret_is_gone_and_the_rest_is_there(shape, name, value):
    told = redact(SHAPES[shape](name, value))
    assert value not in told
    assert MARK in told
    assert "TP000123" in told
    assert "RW1" in told


@pytest.mark.parametrize(
    "text",
    [
        '{"reqCode":"RC4C03E6D15","reqTime":"2026-03-11 11:10:57","cooX":"42480.0","podCode":"TP100615"}',
        "podCode=TP000123&signal=end&design=A&passenger=2&author=li",
        "<taskCode>RW1</taskCode>",
        '[{"taskNo":"RW26031700013","taskState":"finish"}]',
        "",
    ],
)
def test_what_is_no_secret_is_quoted_as_logged(text):
    assert redact(text) == text


@given(st.text(max_size=200))
def test_any_text_can_be_read(text):
    once = redact(text)
    assert redact(once).count(MARK) >= once.count(MARK)


@pytest.mark.parametrize("piece", ['\\"', "<token ", "token", "a.b-", "Set-Cookie:", "://", "a:b@"])
def test_a_long_hostile_body_is_read_to_its_end(piece):
    """Patterns that backtrack over a whole body would not come back from this."""
    text = '{"token":"' + piece * 20_000
    assert redact(text[:20_000] + '","password":"Zqsecret12"}').count("Zqsecret12") == 0


def test_names():
    assert is_secret("Authorization")
    assert is_secret("X-Auth-Token")
    assert not is_secret("Content-Type")
