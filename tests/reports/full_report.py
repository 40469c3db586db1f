"""A report in which every section has something to say, made without a database: for tests of the page."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from hashlib import sha256

from auditor.agreement.figures import FEW_RARE, Figure
from auditor.golden.drill import GoldenFigures, GoldenRun
from auditor.query_rows import CalibrationRow, ExampleRow, ImageFailureRow, ImageRow, ScorerRow, UnjudgedRow
from reports.cases import Case, CaseDraw, CaseTool, CaseVote, EarlierVerdict, History, Signal, Text
from reports.first_page import (
    Change,
    Changes,
    Compared,
    MissedEstimate,
    Period,
    PolicyLine,
    ReviewDay,
    ReviewerLine,
    ReviewWork,
    RuleLine,
)
from reports.report import (
    CountLine,
    CoverageTotals,
    EscalatedLine,
    EscalationCounts,
    EscalationReport,
    PartitionLine,
    StageLine,
    TenantCoverage,
)
from reports.sections import (
    AgeLine,
    Agreement,
    AgreementLine,
    DayLine,
    Degraded,
    DegradedLine,
    Disagreement,
    Drift,
    DriftLine,
    FailedDelivery,
    GapLine,
    GoldenLine,
    ImageLayer,
    LayerLine,
    Layers,
    MissingTraces,
    OpenCase,
    OpenCases,
    SignalLine,
    TrajectoryLayer,
)
from tests.reports.seed import NOW, SCORER, SOURCE

DAY = date(2026, 11, 22)
IMAGE = "ab" * 32
STATES = {"scored": 9120, "duplicate": 214, "unscorable": 61, "rejected": 17, "empty": 140, "shed": 0}


def full_report(text: str = "harbor-bank", cases: int = 6) -> EscalationReport:
    """The night of 22 November 2026; `text` stands wherever a log or a person could have put a text."""
    return EscalationReport(
        date=DAY,
        made_at=NOW + timedelta(hours=7),
        version="0.1.0",
        policy=POLICY(text),
        demo=False,
        totals=CoverageTotals(3, 0, 9560, 9552, STATES, 12, 4, 8, 0),
        partitions=tuple(
            PartitionLine(SOURCE, number, 100, 3100, 3000, 3000, {"scored": 2900, "empty": 100}, 0, 0, 0, 0)
            for number in range(3)
        ),
        unjudged=(
            UnjudgedRow("empty", "no_model_turn", 140),
            UnjudgedRow("unscorable", "content_not_captured", 40),
            UnjudgedRow("unscorable", "prompt_too_long", 21),
            UnjudgedRow("rejected", "not_json", 17),
        ),
        examples=(ExampleRow(SOURCE, 0, 104, "rejected", "not_json", None, text),),
        verdicts=CountLine("all", 9240, 8820, 210, 149, 61, 312, watch=340, urgent=9),
        by_tenant=counts(text, "kestrel-software", "linden-clinic"),
        by_category=counts("crime_and_illegal_activities", "cybersecurity", "data_privacy", "other", "unknown"),
        by_thinking=counts("raw", "summary", "redacted", "absent"),
        degraded=degraded(text),
        scorers=(
            ScorerRow(
                SCORER.model_id,
                SCORER.model_revision,
                SCORER.prompt_hash,
                SCORER.decoding,
                "transformers",
                "0.1.0",
                "house-3",
                9240,
            ),
        ),
        calibrations=(
            CalibrationRow(SCORER.model_id, SCORER.model_revision, "full", "c" * 64, "platt", 412, 96, NOW, 500, 9240),
        ),
        backfills=(),
        golden=golden(text),
        escalations=EscalationCounts(312, 149, 90, 12, 61, cases, 312, urgent=9, watch=340),
        by_stage=(
            StageLine("answer", 120),
            StageLine("thinking+answer", 60),
            StageLine("image", 31),
            StageLine("", 101),
        ),
        escalated=(),
        cases=tuple(case(number, text) for number in range(cases)),
        period=Period("day", DAY, DAY, str(DAY)),
        policies=(POLICY(text),),
        compared=compared(),
        missed=MissedEstimate(
            "",
            DAY - timedelta(days=13),
            DAY,
            118_400,
            350,
            320,
            4,
            121.4,
            38.2,
            290.0,
            8.7,
            "Horvitz–Thompson over strata of score band, tenant and thinking; bootstrap interval",
        ),
        changes=changes(text),
        reviews=reviews(text),
        agreement=agreement(),
        trend=trend(),
        by_application=(
            CountLine(text, 4000, 3800, 100, 60, 40, 140, tenant=text),
            CountLine("", 900, 880, 10, 5, 5, 12, names=14),
        ),
        by_language=counts("en", "de", "zh", "und"),
        by_part=(
            StageLine("answer", 180),
            StageLine("thinking", 92),
            StageLine("image", 44),
            StageLine("question", 30),
        ),
        open_cases=open_cases(text),
        drift=drift(text),
        golden_runs=golden_runs(text),
        layers=layers(text),
        failed_deliveries=(
            FailedDelivery(
                NOW, "webhook", f"https://hooks.example/{text}", f"nightly report {text}", 5, text, settled=False
            ),
            FailedDelivery(NOW, "email", "night@example.org", "nightly report", 2, "connection refused", settled=True),
        ),
    )


def POLICY(text: str) -> PolicyLine:  # noqa: N802 - as if a constant, but for the text
    rules = (RuleLine(tenant=text, category="cybersecurity", escalate=0.4), RuleLine(thinking="absent", watch=0.2))
    return PolicyLine("house-3", 0.5, 0.3, 0.95, 3, DAY - timedelta(days=1), "Mara Lind", "Tom Okafor", DAY, DAY, rules)


def counts(*names: str) -> tuple[CountLine, ...]:
    return tuple(
        CountLine(name, 1000 // at, 900 // at, 50 // at, 30 // at, 20 // at, 90 // at, watch=40 // at, urgent=4 // at)
        for at, name in enumerate(names, start=1)
    )


def degraded(text: str) -> Degraded:
    return Degraded(
        no_readable_thinking=2104,
        summary_thinking=1510,
        images_missing=88,
        text_incomplete=12,
        log_incomplete=130,
        image_failures=(ImageFailureRow("not_fetched_policy", 61, 55), ImageFailureRow("decode_error", 40, 33)),
        exchanges=3620,
        escalated=140,
        by_tenant=(
            DegradedLine(text, 4000, 2100, 1500, 400, 100, 20, 60, 10, 90),
            DegradedLine("kestrel-software", 3000, 1500, 150, 0, 1350, 3, 28, 2, 40),
        ),
        statuses={"incomplete": 90, "blocked": 40},
        traces=MissingTraces((GapLine(SOURCE, "retention", 1, 12),), 12, 0, 8, NOW, 0, 17, 40),
    )


def golden(text: str) -> GoldenRun:
    figures = GoldenFigures(50, 0.92, 0.08, 10, 9, 0)
    return GoldenRun("run", NOW, SCORER, "f" * 64, "house-3", figures, (f"1 of 10 canaries missed: {text}",), 12.0)


def golden_runs(text: str) -> tuple[GoldenLine, ...]:
    return tuple(
        GoldenLine(
            NOW - timedelta(days=at),
            "guard-3b",
            text if at > 4 else "0123456789abcdef",
            50,
            0.94 - at % 3 / 50,
            0.06 + at % 2 / 50,
            10,
            10 - (at == 0),
            0,
            int(at == 0),
            same_cases=at < 9,
        )
        for at in range(10)
    )


def compared() -> tuple[Compared, ...]:
    return (
        Compared("read", 9552, 9552, 9420, 28, 9400, 8100, 10200, ""),
        Compared("exchanges", 9240, 9240, 9101, 28, 9090, 7900, 9900, ""),
        Compared("escalated", 312, 312, 241, 28, 236, 190, 280, "above"),
        Compared("urgent", 9, 9, 4, 28, 4, 1, 8, "above"),
        Compared("unscorable", 61, 61, 40, 28, 38, 22, 55, "above"),
        Compared("degraded", 3620, 3620, 3300, 28, 3310, 2900, 3700, ""),
    )


def changes(text: str) -> Changes:
    at = NOW - timedelta(hours=9)
    return Changes(
        NOW - timedelta(days=1),
        "2026-11-21",
        (
            Change("model", "", "guard-3b 0011223344556677", "guard-3b 0123456789abcdef", at),
            Change("policy", "", "house-2", "house-3", at, "Mara Lind", "Tom Okafor"),
            Change(
                "threshold", f"tenant {text}, category cybersecurity: escalate", "0.5", "0.4", at, text, "Tom Okafor"
            ),
            Change("version", "", "0.0.9", "0.1.0", at),
            Change("calibration", "guard-3b, full", "none", "platt on 412 reviews", at, "", text),
        ),
    )


def reviews(text: str) -> ReviewWork:
    days = tuple(ReviewDay(DAY - timedelta(days=at), 4, 20, 26, 50 - max(0, 10 - at), 40, at // 3) for at in range(9))
    people = (
        ReviewerLine("ines", 31, 30, NOW - timedelta(hours=9), NOW - timedelta(hours=2)),
        ReviewerLine(text, 12, 12, NOW - timedelta(hours=5), NOW - timedelta(hours=4)),
    )
    return ReviewWork(50, 61, 3, 38, 43, days, people, "3", {"safe": 31, "potentially_harmful": 4, "harmful": 8})


def trend() -> tuple[DayLine, ...]:
    return tuple(
        DayLine(
            DAY - timedelta(days=28 - at),
            8200 + 900 * (at % 7 < 5) + 40 * at,
            8000 + 860 * (at % 7 < 5) + 35 * at,
            300 + at,
            312 if at == 28 else 205 + (at * 37) % 70,
            9 if at == 28 else 2 + at % 5,
            30 + at,
            3000 + 20 * at,
            "house-3" if at > 26 else "house-2",
            3 if at > 26 else 2,
            in_period=at == 28,
        )
        for at in range(29)
    )


def open_cases(text: str) -> OpenCases:
    table = (
        AgeLine(0, 0, 50, 80),
        AgeLine(1, 1, 8, 61),
        AgeLine(2, 7, 3, 220),
        AgeLine(8, 28, 0, 410),
        AgeLine(29, None, 2, 0),
    )
    oldest = (
        OpenCase("d" * 64, text, DAY - timedelta(days=31), 31, "below", "none", 0.21),
        OpenCase(case_id(0), "kestrel-software", DAY - timedelta(days=6), 6, "urgent", "urgent", 0.97),
    )
    return OpenCases(table, oldest, 28)


def drift(text: str) -> Drift:
    edges = tuple(at / 10 for at in range(11))
    before = (0.6, 0.12, 0.08, 0.05, 0.04, 0.03, 0.03, 0.02, 0.02, 0.01)
    now = (0.5, 0.1, 0.08, 0.06, 0.05, 0.05, 0.05, 0.04, 0.04, 0.03)
    return Drift(
        edges,
        200,
        (
            DriftLine(None, None, 9179, 240_000, 0.06, "stable", True, before, now),
            DriftLine(text, text, 4000, 110_000, 0.31, "shifted", False, before, now[::-1]),
            DriftLine("kestrel-software", "qwen3-vl-8b", 3000, 80_000, 0.14, "moved", True, before, now),
            DriftLine("linden-clinic", "", 40, 900, None, "too_few", True),
        ),
    )


def layers(text: str) -> Layers:
    return Layers(
        (
            LayerLine("stopped", 60, 21, 4, 28, 3, 4),
            LayerLine("flagged", 130, 70, 10, 40, 2, 8),
            LayerLine("passed", 5200, 4800, 200, 160, 3, 37),
            LayerLine("nothing", 3850, 3640, 126, 71, 1, 12),
        ),
        (SignalLine("openai.moderation", "input", "passed", 5200, 163), SignalLine(text, "output", "flagged", 130, 42)),
        ImageLayer(1400, 1312, 80, 44, 12, 19, 15),
        TrajectoryLayer(251, 92, 23, 163, 72),
        (
            Disagreement(
                "passed_escalated", 163, {text: 100, "kestrel-software": 63}, (case_id(0), case_id(1), "e" * 64)
            ),
            Disagreement("stopped_safe", 21, {text: 21}, ("f" * 64,)),
            Disagreement("flagged_safe", 70, {}, ()),
        ),
    )


def case_id(number: int) -> str:
    return sha256(f"case {number}".encode()).hexdigest()


def case(number: int, text: str) -> Case:
    shown, urgent, unscored = Text(text), number < 2, number == 5
    risk = None if unscored else round(0.99 - number * 0.07, 3)
    return Case(
        triple_id=case_id(number),
        tenant=text,
        application=text,
        user=text,
        model=text,
        format="openai_chat",
        conversation_id=text,
        turn=2,
        response_id=text,
        occurred_at=NOW,
        scored_at=NOW,
        source=SOURCE,
        partition=0,
        offset=100 + number,
        status="complete",
        judgment="unscorable" if unscored else "harmful" if number < 3 else "potentially_harmful",
        risk=risk,
        p_safe=None if risk is None else 1 - risk,
        p_potentially_harmful=None if risk is None else 0.1,
        p_harmful=None if risk is None else risk - 0.1,
        category="cybersecurity",
        category_source="analysis",
        why="could not be scored (prompt_too_long)"
        if unscored
        else f"risk {risk} is at or above the threshold 0.5 of policy house-3",
        stage=None if unscored else "thinking+answer",
        contributions={} if unscored else {"image": 0.02, "question": 0.1, "thinking": 0.51, "answer": 0.44},
        flags=("harmful_thinking_clean_answer",) if number == 1 else (),
        guard="guard-3b 0123456789ab full",
        coverage=1.0,
        windows=2 if number == 2 else 1,
        images_seen=1,
        images_total=2,
        question=shown,
        thinking=Text(text, 1200),
        thinking_kind="raw",
        kind_source="explicit",
        substitute="",
        answer=shown,
        context=shown,
        system_prompt=shown,
        tools=(CaseTool(text, shown, shown, is_error=True),),
        images=(
            ImageRow(case_id(number), "request", IMAGE, "image/png", 640, 400, None),
            ImageRow(case_id(number), "url", None, None, None, None, "decode_error"),
        ),
        warnings=(text,),
        analysis=shown,
        level="urgent" if urgent else "escalate",
        threshold=0.5,
        policy="house-3",
        language="en",
        signals=(Signal("openai.moderation", "input", "passed", (text,), 0.02),),
        history=History(
            (EarlierVerdict(NOW - timedelta(days=3), "safe", 0.31, "guard-3b", "0011223344556677", "full", "live"),),
            (CaseDraw(DAY, "urgent" if urgent else "escalated", "escalated"),),
            (CaseVote(NOW, text, "harmful", "cybersecurity", shown),),
            2,
            3,
        ),
    )


def weekly(report: EscalationReport) -> EscalationReport:
    """The same as if it were of a week."""
    first = date(2026, 11, 16)
    return replace(report, date=first, period=Period("week", first, first + timedelta(days=6), "2026-W47"))


def monthly(report: EscalationReport) -> EscalationReport:
    """The same as if it were of a month."""
    return replace(
        report, date=date(2026, 11, 1), period=Period("month", date(2026, 11, 1), date(2026, 11, 30), "2026-11")
    )


def of_tenant(report: EscalationReport, tenant: str) -> EscalationReport:
    """The same as if it were of one tenant."""
    own = TenantCoverage(4100, {"scored": 3990, "unscorable": 110}, 4000, 4000, 0)
    return replace(report, tenant=tenant, tenant_coverage=own, partitions=(), examples=(), failed_deliveries=())


def at_first(moment: datetime = NOW) -> EscalationReport:
    """The first night of a new database: nothing to compare with, nothing to show."""
    return replace(
        full_report(cases=0),
        made_at=moment,
        compared=(),
        missed=MissedEstimate(),
        changes=Changes(),
        reviews=ReviewWork(),
        agreement=Agreement(),
        trend=trend()[-1:],
        open_cases=OpenCases(),
        drift=Drift(),
        golden=None,
        golden_runs=(),
        layers=Layers(),
        failed_deliveries=(),
        escalations=EscalationCounts(0, 0, 0, 0, 0, 0),
    )


def agreement() -> Agreement:
    same, harmful, ac1 = Figure(0.93, 0.88, 0.96), Figure(0.71, why_not=FEW_RARE), Figure(0.91, 0.85, 0.95)
    people, guard = AgreementLine(120, same, harmful, ac1), AgreementLine(180, same, harmful, ac1)
    return Agreement(DAY - timedelta(days=27), DAY, 190, people, guard, Figure(0.04, 0.01, 0.08))


def escalated(number: int, text: str) -> EscalatedLine:
    """A line of the table of escalations."""
    return EscalatedLine(
        case_id(number), text, text, "harmful", 0.9, "risk", "", "other", "", "", "raw", NOW, NOW, SOURCE, 0, number
    )
