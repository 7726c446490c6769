-- The tables of `clv report` over the files of generate.py, in plain DuckDB SQL: what an engineer without
-- clv would write. Money is whole cents, MRR 1/55,440 of one. What SQL as short as this leaves out: rows
-- set aside with file, row and reason; bridged gaps; the walk of credits back to their purchases; cells
-- rounded to whole cents, line by line; findings, moments and evidence.

-- Strict loading: types are declared, so a cell that does not fit stops the run.
CREATE TABLE lines AS
SELECT *, (year(issued_on) * 12 + month(issued_on) - 1)::INT AS month FROM (
  SELECT line_id, customer_id, issued_on, kind, product_id, currency, "interval", interval_count,
         period_start, period_end, status, (amount * 100)::BIGINT AS amount
  FROM read_csv($folder || '/lines.csv', header = true, columns = {
    'line_id': 'VARCHAR', 'invoice_id': 'VARCHAR', 'customer_id': 'VARCHAR', 'issued_on': 'DATE', 'kind': 'VARCHAR',
    'product_id': 'VARCHAR', 'quantity': 'BIGINT', 'unit_price': 'DECIMAL(18,2)', 'amount': 'DECIMAL(18,2)',
    'discount': 'DECIMAL(18,2)', 'tax': 'DECIMAL(18,2)', 'currency': 'VARCHAR', 'interval': 'VARCHAR',
    'interval_count': 'BIGINT', 'period_start': 'DATE', 'period_end': 'DATE', 'status': 'VARCHAR'}));

CREATE TABLE customers AS SELECT * FROM read_csv($folder || '/customers.csv', header = true, columns = {
  'customer_id': 'VARCHAR', 'name': 'VARCHAR', 'segment': 'VARCHAR', 'prior_supplier': 'VARCHAR'});
CREATE TABLE touches AS SELECT * FROM read_csv($folder || '/touches.csv', header = true, columns = {
  'touch_id': 'VARCHAR', 'customer_id': 'VARCHAR', 'happened_on': 'DATE', 'team': 'VARCHAR'});
CREATE TABLE risk_flags AS SELECT * FROM read_csv($folder || '/risk_flags.csv', header = true, columns = {
  'flag_id': 'VARCHAR', 'customer_id': 'VARCHAR', 'flagged_on': 'DATE'});
CREATE TABLE initiatives (initiative_id VARCHAR, effective_from DATE, product_id VARCHAR, segment VARCHAR, weight DOUBLE);
INSERT INTO initiatives VALUES ('I1', '2024-01-01', 'insights', NULL, 1.0), ('I2', '2024-06-01', 'api', 'smb', 0.5);

-- As of the end of the last month that has a line on its last day or after it.
CREATE TABLE scope AS
SELECT *, (year(as_of) * 12 + month(as_of) - 1)::INT AS closing FROM (
  SELECT CASE WHEN last = last_day(last) THEN last ELSE (date_trunc('month', last) - INTERVAL 1 DAY)::DATE END AS as_of
  FROM (SELECT max(issued_on) AS last FROM lines WHERE status NOT IN ('draft', 'void')));

CREATE TABLE billed AS
SELECT lines.* FROM lines, scope WHERE status NOT IN ('draft', 'void') AND issued_on <= as_of;

CREATE TABLE reconciliation AS
SELECT 'loaded' AS item, count(*) AS lines, sum(amount) AS amount FROM lines
UNION ALL SELECT 'draft_or_void', -count(*), -sum(amount) FROM lines WHERE status IN ('draft', 'void')
UNION ALL SELECT 'after_as_of', -count(*), -sum(amount) FROM lines, scope
  WHERE status NOT IN ('draft', 'void') AND issued_on > as_of
UNION ALL SELECT 'billed', count(*), sum(amount) FROM billed;

CREATE TABLE revenue_months AS
SELECT month, count(*) AS lines, sum(amount) AS amount,
       sum(amount) FILTER (amount > 0) AS invoiced, sum(amount) FILTER (amount < 0) AS taken_back
FROM billed GROUP BY month;

-- MRR: every recurring line on each month's last day on which it runs; an unpaid one for 30 days and its first.
CREATE TABLE levels AS
SELECT customer_id, month, sum(mrr)::BIGINT AS mrr FROM (
  SELECT customer_id, amount * (CASE "interval" WHEN 'year' THEN 4620 ELSE 55440 END) AS mrr,
         unnest(range(year(period_start) * 12 + month(period_start) - 1,
                      least(year(until) * 12 + month(until) - 1, closing + 1)))::INT AS month
  FROM (SELECT *, CASE status WHEN 'open' THEN least(period_end, issued_on + 31) ELSE period_end END AS until FROM billed),
       scope
  WHERE kind = 'recurring' AND period_start < period_end AND amount <> 0)
GROUP BY customer_id, month HAVING sum(mrr) > 0;

CREATE TABLE steps AS
SELECT *, lag(month) OVER each_one AS before, lag(mrr) OVER each_one AS was, lead(month) OVER each_one AS next,
       min(month) OVER (PARTITION BY customer_id) AS first
FROM levels WINDOW each_one AS (PARTITION BY customer_id ORDER BY month);

CREATE TABLE movements AS
SELECT month, sum(fresh) AS new, sum(expansion) AS expansion, sum(contraction) AS contraction, sum(churn) AS churn,
       sum(reactivation) AS reactivation, sum(lost) AS lost FROM (
  SELECT month, CASE WHEN month = first THEN mrr ELSE 0 END AS fresh,
         CASE WHEN before = month - 1 THEN greatest(mrr - was, 0) ELSE 0 END AS expansion,
         CASE WHEN before = month - 1 THEN least(mrr - was, 0) ELSE 0 END AS contraction,
         CASE WHEN before < month - 1 THEN mrr ELSE 0 END AS reactivation, 0 AS churn, 0 AS lost FROM steps
  UNION ALL
  SELECT month + 1, 0, 0, 0, 0, -mrr, 1 FROM steps, scope
  WHERE (next IS NULL OR next > month + 1) AND month < closing)
GROUP BY month;

CREATE TABLE months AS SELECT unnest(range(closing - 11, closing + 1))::INT AS month FROM scope;

CREATE TABLE mrr_movements AS
SELECT m.month, (SELECT sum(mrr) FROM levels l WHERE l.month = m.month - 1) AS opening, movements.* EXCLUDE (month),
       (SELECT sum(mrr) FROM levels l WHERE l.month = m.month) AS closing
FROM months m JOIN movements USING (month) ORDER BY month;

CREATE TABLE retention AS
SELECT m.month, count(now.customer_id) AS kept, sum(coalesce(now.mrr, 0)) / sum(o.mrr) AS nrr,
       sum(least(coalesce(now.mrr, 0), o.mrr)) / sum(o.mrr) AS grr
FROM months m JOIN levels o ON o.month = m.month - 12
LEFT JOIN levels now ON now.customer_id = o.customer_id AND now.month = m.month
GROUP BY m.month ORDER BY m.month;

CREATE TABLE cohorts AS
SELECT first AS cohort, s.month - first AS age, count(*) AS active
FROM steps s, scope WHERE first > closing - 12 GROUP BY first, s.month - first ORDER BY cohort, age;

-- The split. By how much the month of a purchase goes beyond the mean of up to twelve months before it.
CREATE TABLE spread AS
SELECT customer_id, product_id, month, begins, begins + months AS ends, amount * (55440 // months) AS units, amount > 0 AS bought
FROM (
  SELECT *, CASE WHEN termed THEN greatest(month, start) ELSE month END AS begins,
         CASE WHEN termed THEN greatest(stop - start, 1) ELSE 1 END AS months
  FROM (SELECT *, kind IN ('recurring', 'credit', 'refund', 'writeoff') AND period_start IS NOT NULL AS termed,
               (year(period_start) * 12 + month(period_start) - 1)::INT AS start,
               (year(period_end) * 12 + month(period_end) - 1)::INT AS stop FROM billed));

CREATE TABLE rates AS
SELECT customer_id, product_id, month, sum(units) AS rate, bool_or(bought) AS bought,
       max(ends) FILTER (bought) AS ends, min(begins) FILTER (bought) AS begins
FROM spread GROUP BY ALL;

CREATE TABLE windows AS
SELECT *, greatest(first, upto - 12) AS since FROM (
  SELECT customer_id, product_id, month, rate, bought, first, least(month, covered) AS upto FROM (
    SELECT *, min(begins) OVER (PARTITION BY customer_id, product_id) AS first,
           max(ends) OVER (PARTITION BY customer_id, product_id ORDER BY month
                           ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS covered FROM rates))
WHERE bought AND month > (SELECT closing - 12 FROM scope);

CREATE TABLE growth AS
SELECT customer_id, product_id, month,
       CASE WHEN month - first >= $least AND upto > since AND rate > 0
            THEN greatest(rate * (upto - since) - greatest(coalesce(revenue, 0), 0), 0) / (rate * (upto - since)) ELSE 0
       END AS expanded
FROM windows LEFT JOIN (
  SELECT w.customer_id, w.product_id, w.month,
         sum(s.units * greatest(least(s.ends, w.upto) - greatest(s.begins, w.since), 0)) AS revenue
  FROM windows w JOIN spread s USING (customer_id, product_id)
  WHERE s.begins < w.upto AND s.ends > w.since GROUP BY ALL) USING (customer_id, product_id, month);

CREATE TABLE helped AS
SELECT DISTINCT touches.customer_id, happened_on
FROM touches JOIN risk_flags USING (customer_id), scope
WHERE happened_on <= as_of AND flagged_on <= happened_on AND happened_on - flagged_on <= $days;

CREATE TABLE claims AS
SELECT b.customer_id, b.product_id, b.month, b.amount, coalesce(g.expanded, 0) AS expanded,
       b.issued_on = f.first_day AND c.prior_supplier IS NOT NULL AS switched,
       coalesce(greatest(i1.weight, i2.weight), 0) AS x,
       CASE WHEN b.issued_on - h.happened_on <= $days THEN 1 ELSE 0 END AS y
FROM (SELECT billed.* FROM billed, scope WHERE amount > 0 AND month > closing - 12) b
JOIN (SELECT customer_id, min(issued_on) AS first_day FROM billed WHERE amount > 0 GROUP BY 1) f USING (customer_id)
LEFT JOIN customers c USING (customer_id)
LEFT JOIN growth g USING (customer_id, product_id, month)
LEFT JOIN initiatives i1 ON i1.initiative_id = 'I1' AND b.product_id = i1.product_id AND b.issued_on >= i1.effective_from
LEFT JOIN initiatives i2 ON i2.initiative_id = 'I2' AND b.product_id = i2.product_id AND b.issued_on >= i2.effective_from
  AND c.segment = i2.segment
ASOF LEFT JOIN helped h ON b.customer_id = h.customer_id AND b.issued_on >= h.happened_on;

CREATE TABLE split_lines AS
SELECT customer_id, product_id, month, amount,
       amount * CASE WHEN switched THEN x ELSE 0 END AS cxm_switched,
       amount * CASE WHEN switched THEN 0 ELSE expanded * x END AS cxm_expanded,
       amount * CASE WHEN switched THEN 0 ELSE expanded * (1 - x) * y END AS cs_expanded,
       amount * CASE WHEN switched THEN 0 ELSE (1 - expanded) * y END AS cs_retained
FROM claims;

CREATE TABLE split AS
SELECT sum(cxm_switched) AS cxm_switched, sum(cxm_expanded) AS cxm_expanded, sum(cs_expanded) AS cs_expanded,
       sum(cs_retained) AS cs_retained,
       sum(amount - cxm_switched - cxm_expanded - cs_expanded - cs_retained) AS sales_rest FROM split_lines;
