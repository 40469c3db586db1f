"""A store with as many verdicts as a large night has, made by SQL; and the report of it, in a process of its own.

python -m tests.bench.report_store make FILE N DAYS
python -m tests.bench.report_store report FILE FOLDER [TENANT]
"""

import json
import resource
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from auditor.store import Store
from conf.schema import load
from reports.nightly import edition_of, write_nightly

# One exchange in 300 escalates, one in 3,000 cannot be scored; texts are as long as those of short chats.
TRIPLES = """
    INSERT INTO triples BY NAME
    SELECT md5(i::VARCHAR) || md5((i + 7)::VARCHAR) AS id, 'tenant-' || (i % 12) AS tenant,
        'app-' || (i % 40) AS application, 'user-' || (i % 20000) AS user_id, 'model-' || (i % 4) AS model,
        'qta' AS format, CASE i % 997 WHEN 0 THEN 'incomplete' ELSE 'complete' END AS status,
        'conversation-' || (i // 5) AS conversation_id, (i % 5)::INTEGER AS turn, NULL AS response_id,
        day + to_seconds(i % 86400) AS occurred_at, NULL AS system_prompt, '' AS context,
        'question ' || i || repeat(' of some length', 8) AS question,
        'thinking ' || i || repeat(' about this and that', 30) AS thinking,
        ['raw', 'summary', 'redacted', 'absent', 'unknown'][1 + i % 5] AS thinking_kind, 'explicit' AS kind_source,
        '' AS substitute, 'answer ' || i || repeat(' in some words', 20) AS answer, [] AS tool_calls, [] AS warnings,
        'kafka:bench/topic' AS source, (i % 12)::INTEGER AS "partition", i // 12 AS "offset",
        day + INTERVAL 20 HOUR AS stored_at, ['en', 'de', 'fr'][1 + i % 3] AS language,
        CASE WHEN i % 3 = 0 THEN [{'guard': 'openai.moderation', 'stage': 'input',
            'verdict': ['passed', 'flagged', 'blocked'][1 + (i // 3) % 97 % 3], 'categories': ['x'], 'score': 0.5}]
            ELSE [] END AS guards
    FROM (SELECT range AS i, DATE '2026-11-22' - (range % $days)::INTEGER + TIME '00:00:00' AS day FROM range($n))
"""

VERDICTS = """
    INSERT INTO verdicts BY NAME
    SELECT id AS triple_id, 'guard-3b' AS model_id, '0123456789abcdef' AS model_revision, 'fedcba98' AS prompt_hash,
        'full/greedy/2000' AS decoding, 'full' AS mode,
        CASE WHEN missing THEN NULL WHEN score > 0.9 THEN 1 WHEN score > 0.5 THEN 0.5 ELSE 0 END AS judgment,
        1 - score AS p_safe, score / 3 AS p_potentially_harmful, 2 * score / 3 AS p_harmful, score AS harm_score,
        score AS risk, ['data_privacy', 'cybersecurity', 'other', 'unknown'][1 + n % 4] AS category,
        'analysis' AS category_source, 'analysis of ' || n AS analysis,
        CASE WHEN score > 0.5 THEN ['thinking', 'image+question', 'answer', 'unclear'][1 + n % 4] END AS stage,
        CASE n % 501 WHEN 0 THEN 0.7 ELSE 1.0 END AS coverage, (n % 7 = 1)::INTEGER AS images_seen,
        (n % 7 <= 1)::INTEGER AS images_total, CASE WHEN missing THEN 'unreadable_no_judgment' END AS unscorable_reason,
        900 AS prompt_tokens, 200 AS output_tokens, 0.1 AS seconds, 'bench' AS run_id,
        stored_at + INTERVAL 1 MINUTE AS scored_at, md5(n::VARCHAR) || md5((n + 1)::VARCHAR) AS content_hash
    FROM (
        SELECT id, stored_at, (hash(id) % 1000000)::INTEGER AS n, n % 3000 = 5 AS missing,
            CASE WHEN n % 300 = 3 THEN 0.5 + (n % 5000) / 10001.0 ELSE 0.4 * ((n % 9973) / 9973.0) ^ 3 END AS whole,
            CASE WHEN missing THEN NULL ELSE whole END AS score
        FROM triples)
"""

OUTCOMES = """
    INSERT INTO outcomes BY NAME
    SELECT source, "partition", "offset", 'scored' AS state, NULL AS reason, 'qta' AS format, [id] AS triple_ids,
        'bench' AS run_id, stored_at FROM triples
"""

OTHERS = """
    INSERT INTO runs BY NAME SELECT 'bench' AS run_id, TIMESTAMP '2026-10-01' AS started_at, '0.1.0' AS version,
        'guard-3b' AS model_id, '0123456789abcdef' AS model_revision, 'fedcba98' AS prompt_hash,
        'full/greedy/2000' AS decoding, 'transformers' AS backend, 'built-in' AS policy_version, 'live' AS kind;
    INSERT INTO positions SELECT source, "partition", 0, max("offset") + 1, max(stored_at) FROM triples GROUP BY ALL;
"""


def make(path: str, n: int, days: int) -> None:
    """A store of `n` verdicts over the last `days`."""
    with Store.open(path) as store:
        store.connection.execute(TRIPLES, {"days": days, "n": n})
        for statement in (VERDICTS, OUTCOMES, OTHERS):
            store.connection.execute(statement)
        store.connection.execute("CHECKPOINT")


def report(path: str, folder: str, tenant: str | None) -> None:
    """Write the report of the last day, and print what it took."""
    config = load((), {"report.out_dir": json.dumps(folder), "report.pdf": "never"})
    with Store.open(path) as store:
        opened = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began, busy = time.perf_counter(), time.process_time()
        written = write_nightly(store, config, None, edition_of(config, datetime.now(UTC), "0.1.0"), tenant=tenant)
        took, busy = time.perf_counter() - began, time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sizes = {file.suffix[1:]: file.stat().st_size for file in written.files}
    told = {
        "seconds": round(took, 2),
        "cpu_seconds": round(busy, 2),
        "peak_mb": peak // 1024,
        "opened_mb": opened // 1024,
        "bytes": sizes,
    }
    told |= {"exchanges": written.report.verdicts.triples, "escalated": written.report.escalations.total}
    print(json.dumps(told))


if __name__ == "__main__":
    action, where, *rest = sys.argv[1:]
    if action == "make":
        make(where, int(rest[0]), int(rest[1]))
    else:
        Path(rest[0]).mkdir(parents=True, exist_ok=True)
        report(where, rest[0], rest[1] if len(rest) > 1 else None)
