-- The split's tables: cells of the period by bucket, component and rule; credits take theirs back.

CREATE TABLE split_cells AS
WITH told AS (
  -- Cells of purchases, and below 0 those that credits take back of what there was.
  SELECT s.rule, s.weight, s.switched, s.by_cs, c.a, c.b, c.c, s.a IS NOT NULL AS has_a, s.b IS NOT NULL AS has_b,
         s.c IS NOT NULL AS has_c
  FROM cells c JOIN shares s USING (place) WHERE credit IS NULL AND reported
  UNION ALL
  SELECT s.rule, s.weight, s.switched, s.by_cs, -c.a, -c.b, -c.c, was_a > 0, was_b > 0, was_c > 0
  FROM cells c JOIN shares s USING (place) JOIN lines l ON c.credit = l.rowid WHERE l.month >= since())
SELECT rule, weight, switched, by_cs,
       count(*) FILTER (has_a) AS cells_a, count(*) FILTER (has_b) AS cells_b, count(*) FILTER (has_c) AS cells_c,
       coalesce(sum(a), 0)::BIGINT AS a, coalesce(sum(b), 0)::BIGINT AS b, coalesce(sum(c), 0)::BIGINT AS c
FROM told GROUP BY rule, weight, switched, by_cs;

CREATE TABLE split_by_rule AS
WITH found AS (
  SELECT 'cxm' AS bucket, CASE WHEN switched THEN 'switched' ELSE 'expanded' END AS component, rule,
         cells_a AS cells, a AS amount FROM split_cells
  UNION ALL SELECT 'cs', 'expanded', 'at_risk', cells_b, b FROM split_cells WHERE by_cs
  UNION ALL SELECT 'cs', 'retained', 'at_risk', cells_c, c FROM split_cells WHERE by_cs
  UNION ALL SELECT 'sales', 'rest', 'rest', cells_b + cells_c, b + c FROM split_cells WHERE NOT by_cs
  -- All others are sales as a whole: what was billed, less the purchases that have cells.
  UNION ALL SELECT 'sales', 'rest', 'rest', count(*), sum(amount) FROM billed WHERE month >= since() AND amount >= 0
  UNION ALL SELECT 'sales', 'rest', 'rest', -count(*), -sum(amount) FROM shares WHERE reported
  UNION ALL SELECT 'sales', 'unmatched_credits', 'unmatched_credits', count(*), -sum(owed) FROM (
    SELECT -any_value(amount) - coalesce(sum(taken), 0) AS owed FROM billed LEFT JOIN takings ON credit = place
    WHERE amount < 0 AND month >= since() GROUP BY place HAVING owed > 0))
SELECT bucket, component, rule, sum(cells)::BIGINT AS cells, sum(amount)::BIGINT AS amount,
       sum(amount) / sum(sum(amount)) OVER () AS share
FROM found GROUP BY bucket, component, rule HAVING sum(cells) > 0
ORDER BY list_position(['cxm', 'cs', 'sales'], bucket), component, rule;

-- Components that had evidence are printed, money or none.
CREATE TABLE split AS
SELECT bucket, component, coalesce(sum(amount), 0)::BIGINT AS amount,
       coalesce(sum(amount), 0) / sum(sum(amount)) OVER () AS share
FROM split_by_rule FULL JOIN (
  VALUES (1, 'cxm', 'switched'), (2, 'cxm', 'expanded'), (3, 'cs', 'retained'), (4, 'cs', 'expanded'),
         (5, 'sales', 'rest')
) known (nth, bucket, component) USING (bucket, component)
GROUP BY bucket, component, nth ORDER BY nth NULLS LAST;

CREATE TABLE split_buckets AS
SELECT CASE WHEN grouping(bucket) = 0 THEN bucket ELSE 'total' END AS bucket, sum(amount)::BIGINT AS amount,
       sum(amount) / (SELECT sum(amount) FROM split) AS share
FROM split GROUP BY ROLLUP (bucket) ORDER BY list_position(['cxm', 'cs', 'sales'], split.bucket) NULLS LAST;

-- Claims before the waterfall, of parts with the same weights at once, in millionths (`x` and `y`; `_x` and `_y` are
-- what they leave). Without deals sales claim what nobody else does, wherever they stand in the order of precedence:
-- the six orders are two, CXM before CS, which is the split, and CS before CXM.
CREATE TABLE split_claims AS
WITH weights AS (
  SELECT x, y, 1000000 - x AS _x, 1000000 - y AS _y, sum(amount)::HUGEINT AS amount FROM (
    SELECT weight::HUGEINT AS x, by_cs::INT * 1000000::HUGEINT AS y, a + b AS amount FROM split_cells
    UNION ALL SELECT 0, by_cs::INT * 1000000, c FROM split_cells)
  GROUP BY x, y),
whole AS (SELECT sum(amount)::HUGEINT AS whole, 1000000::HUGEINT AS m, m * m AS one FROM split),
orders AS (
  SELECT nth, sum(amount * cxm) AS cxm, sum(amount * cs) AS cs FROM (
    SELECT amount, unnest([1, 2]) AS nth, unnest([x * m, x * _y]) AS cxm, unnest([y * _x, y * m]) AS cs
    FROM weights, whole)
  GROUP BY nth),
granted AS (
  SELECT 'cxm' AS bucket, half_even(cxm, one) AS amount FROM orders, whole
  UNION ALL SELECT 'cs', half_even(cs, one) FROM orders, whole
  UNION ALL SELECT 'sales', half_even(whole * one - cxm - cs, one) FROM orders, whole
  UNION ALL SELECT bucket, amount FROM split_buckets WHERE bucket <> 'total'),
claims AS (
  SELECT 'cxm' AS bucket, half_even(sum(amount * x), m) AS amount FROM weights, whole GROUP BY m
  UNION ALL SELECT 'cs', half_even(sum(amount * y), m) FROM weights, whole GROUP BY m
  UNION ALL
  SELECT 'sales', half_even(sum(amount * (_x * _y - one)) + whole * one, one) FROM weights, whole GROUP BY one, whole),
rows AS (
  SELECT bucket, greatest(c.amount, b.amount) AS claimed, b.amount AS granted, min(g.amount) AS least,
         max(g.amount) AS most
  FROM claims c JOIN split_buckets b USING (bucket) JOIN granted g USING (bucket) GROUP BY bucket, c.amount, b.amount)
SELECT bucket, claimed::BIGINT AS claimed, claimed / whole AS claimed_share, granted::BIGINT AS granted,
       least::BIGINT AS least, most::BIGINT AS most
FROM whole, (
  SELECT * FROM rows UNION ALL SELECT 'total', sum(claimed), sum(granted), sum(granted), sum(granted) FROM rows)
ORDER BY list_position(['cxm', 'cs', 'sales', 'total'], bucket);
