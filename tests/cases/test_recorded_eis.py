"""The real WMS ↔ WCS interface log, ingested with no option: what the issue's facts say must come out."""

from __future__ import annotations

import pytest

import forensics


@pytest.fixture(scope="module")
def ingested(shared_data, tmp_path_factory):
    case = forensics.open_case(tmp_path_factory.mktemp("eis") / "case", create=True)
    return case, case.ingest(shared_data / "eis" / "FileLog")


@pytest.fixture(scope="session")
def shared_data():
    from conftest import SHARED, SHARED_REASON

    if not SHARED.is_dir():
        pytest.skip(SHARED_REASON)
    return SHARED


def test_nothing_is_lost(ingested):
    case, result = ingested
    assert len(result.files) == 12
    for file in result.files:
        assert file.parser == "eis-filelog"
        assert file.rejected == 0
        assert file.lines == file.event_lines + file.continuation + file.rejected + file.blank
    assert case.verify() == []


def test_requests_responses_and_errors(ingested):
    case, _ = ingested
    rows = case.sql(
        "SELECT state, doc_type, count(*) n FROM events WHERE kind = 'api' GROUP BY ALL ORDER BY ALL"
    ).rows()
    requests = {kind: n for state, kind, n in rows if state == "REQUEST"}
    assert requests == {"inbound": 96, "outbound": 21}
    assert sum(n for state, _, n in rows if state == "RESPONSE") == 75
    assert case.sql("SELECT count(*) FROM events WHERE kind = 'log' AND error IS NOT NULL").item() == 17


def test_inferred_pairs_in_one_file_each(ingested):
    case, _ = ingested
    calls = case.sql("SELECT paired, inferred, count(*) n FROM api_calls GROUP BY ALL").rows()
    assert sum(n for paired, inferred, n in calls if paired == "order") == 68
    assert all(inferred for paired, inferred, n in calls if paired == "order")
    assert sum(n for paired, _, n in calls if paired == "unanswered") == 49
    assert case.sql("SELECT count(*) FROM events WHERE kind = 'api' AND state = 'RESPONSE'").item() - 68 == 7


def test_one_payload_sent_42_times_under_42_ids(ingested):
    case, _ = ingested
    top = case.sql("SELECT * FROM api_repeats ORDER BY calls DESC LIMIT 1").to_dicts()[0]
    assert top["calls"] == 42
    assert top["request_ids"] == 42


def test_trace_of_a_container(ingested):
    case, _ = ingested
    trace = case.trace(pallet="800005")
    requests = trace.events.filter(trace.events["state"] == "REQUEST")
    assert requests.height >= 42
    assert set(requests["pallet"]) == {"800005"}
    answers = trace.events.filter(trace.events["state"] == "RESPONSE")
    assert answers.height >= 40
    assert set(answers["relation"]) == {"answer, paired by order"}
    assert trace.result.findings == ()


def test_the_repetition_is_shown_as_a_control(ingested):
    case, _ = ingested
    (control,) = (one for one in case.trace(pallet="800005").result.controls if one.id == "repeated-requests")
    assert (control.figure, control.ok) == (1.0, False)
    assert (control.rows[0]["calls"], control.rows[0]["request_ids"]) == (42, 42)
