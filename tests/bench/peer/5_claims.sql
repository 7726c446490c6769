-- What rules claim of purchases, and how these moved the customer. Looked at are the purchases of the period, and
-- those that credits take back; the rest of the split needs no row of its own.

-- Days on which a customer was helped who had been flagged as at risk in the year before.
CREATE TABLE helped AS
SELECT DISTINCT touches.customer_id, happened_on
FROM touches JOIN risk_flags USING (customer_id)
WHERE happened_on <= as_of() AND flagged_on <= happened_on AND happened_on - flagged_on <= $days;

-- No product is in two initiatives here, so that none shares a purchase with another.
CREATE TABLE covered AS
SELECT product_id, segment, initiative_id, effective_from, switched, expanded
FROM initiatives JOIN (SELECT DISTINCT product_id FROM lines) ON products IS NULL OR list_contains(products, product_id)
JOIN (SELECT DISTINCT segment FROM customers UNION SELECT NULL) ON segments IS NULL OR list_contains(segments, segment);

CREATE TABLE bought AS
WITH seen AS (
  SELECT place, line_id, customer_id, product_id, issued_on, month, amount, month >= since() AS reported,
         place IN (SELECT purchase FROM takings) AS taken
  FROM billed WHERE amount > 0 AND (reported OR taken)),
by_cs AS (
  SELECT s.place FROM (SELECT place, customer_id, issued_on FROM seen SEMI JOIN helped USING (customer_id)) s
  ASOF JOIN helped h ON s.customer_id = h.customer_id AND s.issued_on >= h.happened_on
  WHERE issued_on - happened_on <= $days),
by_cxm AS (
  SELECT s.place, i.initiative_id, i.switched, i.expanded
  FROM seen s LEFT JOIN customers c USING (customer_id)
  JOIN covered i ON s.product_id = i.product_id AND c.segment IS NOT DISTINCT FROM i.segment
    AND s.issued_on >= i.effective_from)
SELECT s.*, i.initiative_id AS rule, coalesce(i.switched, 0) AS x_switched, coalesce(i.expanded, 0) AS x_expanded,
       s.place IN (SELECT place FROM by_cs) AS helped
FROM seen s LEFT JOIN by_cxm i USING (place) WHERE taken OR rule IS NOT NULL OR helped;

-- Customers and products of which some purchase is claimed, as one number: their past is what bases are made of.
CREATE TABLE pairs AS
SELECT customer_id, product_id, row_number() OVER ()::INT AS pair
FROM (SELECT DISTINCT customer_id, product_id FROM bought WHERE rule IS NOT NULL OR helped);

-- Their revenue by month of issue and term, a month's worth in 1/55,440 of a cent.
CREATE TABLE spread AS
SELECT pair, month, begins, begins + months AS ends, (sum(amount) * (55440 // months))::BIGINT AS units,
       bool_or(amount > 0) AS bought
FROM (
  SELECT pair, month, amount, CASE WHEN termed THEN greatest(month, month_of(period_start)) ELSE month END AS begins,
         CASE WHEN termed THEN greatest(month_of(period_end) - month_of(period_start), 1) ELSE 1 END AS months
  FROM (
    SELECT *, kind IN ('recurring', 'credit', 'refund', 'writeoff') AND period_start IS NOT NULL AS termed FROM billed)
  JOIN pairs USING (customer_id, product_id))
GROUP BY pair, month, begins, months;

-- By how much the month of a purchase goes beyond the mean of up to twelve months covered before it.
CREATE TABLE growth AS
WITH months AS (
  SELECT pair, month, sum(units)::BIGINT AS rate, max(ends) FILTER (bought) AS ends,
         min(begins) FILTER (bought) AS begins
  FROM spread GROUP BY pair, month),
covered AS (
  SELECT pair, month, rate, min(begins) OVER (PARTITION BY pair) AS first,
         least(month, max(ends) OVER months_before) AS upto
  FROM months WINDOW months_before AS (PARTITION BY pair ORDER BY month ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)),
windows AS (
  SELECT *, greatest(first, upto - 12) AS since
  FROM covered SEMI JOIN (SELECT pair, month FROM bought JOIN pairs USING (customer_id, product_id)) USING (pair, month)
  WHERE rate > 0 AND month - first >= $least AND upto > greatest(first, upto - 12)),
bases AS (
  SELECT w.pair, w.month, sum(s.units * (least(s.ends, w.upto) - greatest(s.begins, w.since)))::BIGINT AS revenue
  FROM windows w JOIN spread s ON w.pair = s.pair AND s.begins < w.upto AND s.ends > w.since GROUP BY ALL)
SELECT customer_id, product_id, month, rate * (upto - since) - greatest(coalesce(revenue, 0), 0) AS grown,
       rate * (upto - since) AS whole
FROM windows LEFT JOIN bases USING (pair, month) JOIN pairs USING (pair) WHERE grown > 0;

-- The parts of a purchase over one denominator: `a` goes to CXM, `b` is what CXM left of the same part, and `c` was
-- merely retained. CS claims all of b and c where it claims at all (`split.cs_weight` is 1), and never what switched;
-- else they are sales. A part is missing, not 0, where the purchase has none of it.
CREATE TABLE shares AS
SELECT place, line_id, month, amount, reported, rule, weight, switched, helped AND NOT switched AS by_cs,
       CASE WHEN grown > 0 AND weight > 0 THEN grown * weight END AS a,
       CASE WHEN grown > 0 AND weight < 1000000 THEN grown * (1000000 - weight) END AS b,
       CASE WHEN grown < whole THEN (whole - grown) * 1000000 END AS c, whole * 1000000 AS den
FROM (
  SELECT b.*, switched, CASE WHEN switched THEN x_switched ELSE x_expanded END AS weight,
         CASE WHEN NOT matched THEN 0 WHEN switched THEN 1 ELSE coalesce(grown // divisor, 0) END::HUGEINT AS grown,
         CASE WHEN NOT matched OR switched THEN 1 ELSE coalesce(whole // divisor, 1) END::HUGEINT AS whole
  FROM (
    SELECT b.*, rule IS NOT NULL OR helped AS matched, matched AND coalesce(issued_on = first_day, false) AS switched
    FROM bought b LEFT JOIN (
      SELECT customer_id, min(issued_on) AS first_day FROM billed
      WHERE amount > 0 AND customer_id IN (SELECT customer_id FROM customers WHERE prior_supplier IS NOT NULL)
      GROUP BY customer_id) USING (customer_id)) b
  LEFT JOIN (SELECT *, gcd(grown, whole) AS divisor FROM growth) USING (customer_id, product_id, month));
