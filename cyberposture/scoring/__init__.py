"""From answers and verdicts to scores: pure functions over whole basis points.

Data flows one way: `points` (the arithmetic of one number), `reconcile` (one control),
`rollup` (domain and institution). What stands beside them reads their results: `door`,
`explain`, `plan`, `nation`, `statistics`, `risk`; `sampling` and `agreement` judge the
judging itself.
"""
