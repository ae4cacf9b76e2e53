"""The questions that are asked often, as views of the analysts' file."""

from cyberposture.exchange.analysts.shape import Column, View

_CODE = Column("institution", "text", "Code of the institution.", "institutions.code")
_NAME = Column("institution_name", "text", "Its name.")
_SEVERITY = Column("severity", "text", "critical, high, medium or low.", optional=True)
_CHECK_TITLE = Column("check_title", "text", "The good condition that it looks for.", optional=True)


CURRENT_SCORES = View(
    "current_scores",
    "Where each institution stands: its newest score with band and coverage, NULLs without any.",
    (
        _CODE,
        _NAME,
        Column("tier", "text", "A, G or X."),
        Column("kind", "text", "round or live.", optional=True),
        Column("round", "text", "The round; NULL: it is a live score.", "rounds.code", True),
        Column("as_of", "moment", "The moment that it speaks of.", optional=True),
        Column("declared_pct", "percent", "What the institution claims.", optional=True),
        Column("verified_pct", "percent", "What is borne out.", optional=True),
        Column("band", "text", "The band; NULL: not enough is known.", optional=True),
        Column("confidence", "text", "low, medium or high.", optional=True),
        Column("coverage_pct", "percent", "The share of weight that was assessed.", optional=True),
        Column("observation_coverage_pct", "percent",
               "How much of what is known was conclusively seen on the network.", optional=True),
        Column("gates_holding", "number", "How many gates hold the band down.", optional=True),
        Column("score", "text", "The score.", "scores.id", optional=True),
    ),
    """
    SELECT i.code AS institution, i.name AS institution_name, i.tier, s.kind, s.round, s.as_of,
        ROUND(s.declared / 100.0, 2) AS declared_pct,
        ROUND(s.verified / 100.0, 2) AS verified_pct,
        s.band, s.confidence,
        ROUND(s.coverage / 100.0, 2) AS coverage_pct,
        ROUND(s.observation_coverage / 100.0, 2) AS observation_coverage_pct,
        json_array_length(s.gates_holding) AS gates_holding,
        s.id AS score
    FROM institutions AS i
    LEFT JOIN scores AS s ON s.id = (
        SELECT id FROM scores AS newest
        WHERE newest.institution = i.code AND newest.is_standing = 1
        ORDER BY newest.as_of DESC, newest.computed_at DESC, newest.id LIMIT 1
    )
    ORDER BY i.code
    """,
)  # fmt: skip

FAILING_CHECKS = View(
    "failing_checks",
    "The checks that fail somewhere, those that fail at most institutions first.",
    (
        Column("check_id", "text", "The check.", "checks.id"),
        _CHECK_TITLE,
        _SEVERITY,
        Column("institutions_failing", "number", "At how many institutions it fails."),
        Column("institutions_judged", "number",
               "At how many institutions it passed or failed: the others tell nothing."),
        Column("endpoints_failing", "number", "At how many endpoints it fails."),
        Column("addresses_failing", "number", "At how many addresses it fails."),
    ),
    """
    SELECT j.check_id, c.title AS check_title, c.severity,
        COUNT(DISTINCT j.institution) FILTER (WHERE j.verdict = 'fail') AS institutions_failing,
        COUNT(DISTINCT j.institution) FILTER (WHERE j.verdict IN ('pass', 'fail'))
            AS institutions_judged,
        COUNT(*) FILTER (WHERE j.verdict = 'fail') AS endpoints_failing,
        COUNT(DISTINCT j.address) FILTER (WHERE j.verdict = 'fail') AS addresses_failing
    FROM judgements AS j LEFT JOIN checks AS c ON c.id = j.check_id
    GROUP BY j.check_id
    HAVING endpoints_failing > 0
    ORDER BY institutions_failing DESC, endpoints_failing DESC, j.check_id
    """,
)  # fmt: skip

CONTRADICTION_SIDES = View(
    "contradiction_sides",
    "Each contradiction with both sides: what was claimed, and what the network shows now.",
    (
        Column("contradiction", "text", "Its code.", "contradictions.code"),
        _CODE,
        _NAME,
        Column("state", "text", "open, disputed, explained, corrected or upheld."),
        Column("control", "text", "The control.", "controls.id"),
        Column("control_title", "text", "What is expected.", optional=True),
        Column("claimed_level", "number", "The level that was claimed when it opened."),
        Column("claimed_since_changed", "flag", "Whether the answer was changed since."),
        Column("explanation", "text", "The institution's words in its newest answer.",
               optional=True),
        Column("check_id", "text", "The check.", "checks.id"),
        _CHECK_TITLE,
        Column("endpoints_failing", "number", "At how many of its endpoints the check fails now."),
        Column("network_says", "text", "One of those verdicts in a sentence.", optional=True),
        Column("comment", "text", "The institution's comment; may be empty."),
        Column("opened_at", "moment", "When it was noticed."),
    ),
    """
    SELECT k.code AS contradiction, k.institution, i.name AS institution_name, k.state,
        k.control, c.title AS control_title,
        k.level AS claimed_level,
        COALESCE(a.revision, 0) <> k.answer_revision AS claimed_since_changed,
        a.explanation,
        k.check_id, ch.title AS check_title,
        COUNT(j.id) AS endpoints_failing,
        MIN(j.says) AS network_says,
        k.comment, k.opened_at
    FROM contradictions AS k
    JOIN institutions AS i ON i.code = k.institution
    LEFT JOIN controls AS c ON c.id = k.control
    LEFT JOIN checks AS ch ON ch.id = k.check_id
    LEFT JOIN answers AS a ON a.assessment = k.assessment AND a.control = k.control
    LEFT JOIN judgements AS j ON j.institution = k.institution AND j.check_id = k.check_id
        AND j.verdict = 'fail'
    GROUP BY k.code
    ORDER BY k.opened_at, k.code
    """,
)  # fmt: skip

OPEN_FINDINGS = View(
    "open_findings",
    "The findings that are not closed, the oldest first; marked ones show their mark as state.",
    (
        Column("finding", "text", "Its code.", "findings.code"),
        _CODE,
        _NAME,
        Column("age_days", "number", "Whole days that it has been there this time."),
        Column("days_since_first_seen", "number", "Whole days since it was seen first."),
        _SEVERITY,
        Column("state", "text", "open, false-positive, accepted or disputed."),
        Column("check_id", "text", "The check.", "checks.id"),
        _CHECK_TITLE,
        Column("address", "text", "The address."),
        Column("protocol", "text", "tcp or udp; NULL: the host as a whole.", optional=True),
        Column("port", "number", "The port; NULL: the host as a whole.", optional=True),
        Column("says", "text", "What is wrong, in a sentence."),
        Column("last_seen", "moment", "When it was seen last."),
    ),
    """
    SELECT f.code AS finding, f.institution, i.name AS institution_name,
        CAST(julianday(m.value) - julianday(f.opened_at) AS INTEGER) AS age_days,
        CAST(julianday(m.value) - julianday(f.first_seen) AS INTEGER) AS days_since_first_seen,
        f.severity, f.state, f.check_id, c.title AS check_title,
        f.address, f.protocol, f.port, f.says, f.last_seen
    FROM findings AS f
    JOIN about AS m ON m.name = 'as_of'
    JOIN institutions AS i ON i.code = f.institution
    LEFT JOIN checks AS c ON c.id = f.check_id
    WHERE f.state <> 'closed'
    ORDER BY f.opened_at, f.code
    """,
)  # fmt: skip

COVERAGE = View(
    "coverage",
    "How much is known of each institution: what was judged, what gave no answer, how old it is.",
    (
        _CODE,
        _NAME,
        Column("addresses", "number", "How many addresses were judged."),
        Column("judgements", "number", "How many endpoints of checks were judged."),
        Column("passed", "number", "How many of them passed."),
        Column("failed", "number", "How many failed."),
        Column("inconclusive", "number", "How many were tried and gave no usable answer."),
        Column("not_tested", "number", "How many were not tested."),
        Column("not_applicable", "number", "To how many the check does not apply."),
        Column("conclusive_pct", "percent",
               "Passed and failed, of those to which their check applies.", optional=True),
        Column("oldest_look", "moment", "When the oldest of these looks was.", optional=True),
        Column("newest_look", "moment", "When the newest was.", optional=True),
        Column("coverage_pct", "percent", "The coverage of its newest score.", optional=True),
        Column("observation_coverage_pct", "percent",
               "The coverage of its newest score by the network.", optional=True),
    ),
    """
    SELECT s.institution, s.institution_name,
        COUNT(DISTINCT j.address) AS addresses,
        COUNT(j.id) AS judgements,
        COUNT(*) FILTER (WHERE j.verdict = 'pass') AS passed,
        COUNT(*) FILTER (WHERE j.verdict = 'fail') AS failed,
        COUNT(*) FILTER (WHERE j.verdict = 'inconclusive') AS inconclusive,
        COUNT(*) FILTER (WHERE j.verdict = 'not-tested') AS not_tested,
        COUNT(*) FILTER (WHERE j.verdict = 'not-applicable') AS not_applicable,
        ROUND(100.0 * COUNT(*) FILTER (WHERE j.verdict IN ('pass', 'fail'))
            / NULLIF(COUNT(*) FILTER (WHERE j.verdict <> 'not-applicable'), 0), 2)
            AS conclusive_pct,
        MIN(j.observed_at) AS oldest_look,
        MAX(j.observed_at) AS newest_look,
        s.coverage_pct, s.observation_coverage_pct
    FROM current_scores AS s LEFT JOIN judgements AS j ON j.institution = s.institution
    GROUP BY s.institution
    ORDER BY s.institution
    """,
)  # fmt: skip

VIEWS = (CURRENT_SCORES, FAILING_CHECKS, CONTRADICTION_SIDES, OPEN_FINDINGS, COVERAGE)
"""Each view after those that it refers to."""
