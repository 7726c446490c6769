-- MRR in 1/55,440 of a cent at the ends of months, as changes: a term adds its amount a month when it begins and
-- takes it back when it ends, so renewals cancel and a few rows a customer are left. An unpaid line runs for 30 days
-- and its first. Gaps of up to a week, which `clv` bridges, are not looked for: here terms meet or are weeks apart.

CREATE TABLE steps AS
WITH terms AS (
  SELECT customer_id, amount * (CASE "interval" WHEN 'year' THEN 4620 ELSE 55440 END) AS mrr,
         month_of(period_start) AS begins, month_of(until) AS ends
  FROM (SELECT *, CASE status WHEN 'open' THEN least(period_end, issued_on + 31) ELSE period_end END AS until
        FROM billed WHERE kind = 'recurring' AND period_start < period_end AND amount <> 0)),
changes AS (
  SELECT customer_id, begins AS month, mrr FROM terms WHERE begins < ends
  UNION ALL SELECT customer_id, ends, -mrr FROM terms WHERE begins < ends),
levels AS (
  SELECT customer_id, month, (sum(sum(mrr)) OVER each_one)::BIGINT AS level
  FROM changes WHERE month <= closing()
  GROUP BY customer_id, month HAVING sum(mrr) <> 0
  WINDOW each_one AS (PARTITION BY customer_id ORDER BY month))
SELECT *, lag(level, 1, 0) OVER each_one AS before, first_value(month) OVER each_one AS first,
       lead(month, 1, closing() + 1) OVER each_one AS until
FROM levels WINDOW each_one AS (PARTITION BY customer_id ORDER BY month);

-- The roll-forward of every month of the data.
CREATE TABLE mrr_months AS
WITH moved AS (
  SELECT month,
         sum(level) FILTER (month = first) AS new, count(*) FILTER (month = first) AS won,
         sum(level - before) FILTER (before > 0 AND level > before) AS expansion,
         sum(level - before) FILTER (level > 0 AND level < before) AS contraction,
         -sum(before) FILTER (level = 0) AS churn, count(*) FILTER (level = 0) AS lost,
         sum(level) FILTER (before = 0 AND month > first) AS reactivation,
         sum(level - before) AS change, sum((level > 0)::INT - (before > 0)::INT) AS gained
  FROM steps GROUP BY month),
grid AS (SELECT unnest(range((SELECT min(month) FROM lines), closing() + 1))::INT AS month)
SELECT month, coalesce(sum(change) OVER until_now - coalesce(change, 0), 0)::BIGINT AS opening,
       coalesce(new, 0)::BIGINT AS new, coalesce(expansion, 0)::BIGINT AS expansion,
       coalesce(contraction, 0)::BIGINT AS contraction, coalesce(churn, 0)::BIGINT AS churn,
       coalesce(reactivation, 0)::BIGINT AS reactivation, coalesce(sum(change) OVER until_now, 0)::BIGINT AS closing,
       coalesce(won, 0) AS won, coalesce(lost, 0) AS lost,
       coalesce(sum(gained) OVER until_now - coalesce(gained, 0), 0)::BIGINT AS customers_opening,
       coalesce(sum(gained) OVER until_now, 0)::BIGINT AS customers
FROM grid LEFT JOIN moved USING (month) WINDOW until_now AS (ORDER BY month);

-- In cents that foot: both ends rounded by themselves, and the movements so that the largest remainders make it up.
CREATE TABLE mrr_movements AS
WITH sides AS (
  SELECT *, half_even(opening, 55440) AS opens, half_even(closing, 55440) AS closes
  FROM mrr_months WHERE month >= since()),
parts AS (
  SELECT month, nth, part, floored(part, 55440) AS floor,
         closes - opens - sum(floored(part, 55440)) OVER of_month AS lacking,
         row_number() OVER (of_month ORDER BY rest_of(part, 55440) DESC, part = 0, nth) AS due,
         row_number() OVER (of_month ORDER BY abs(part) DESC, rest_of(part, 55440) DESC, nth) AS size
  FROM (SELECT month, opens, closes, unnest(range(7)) AS nth,
               unnest([new, expansion, contraction, churn, reactivation, 0, 0]) AS part FROM sides)
  WINDOW of_month AS (PARTITION BY month)),
rounded AS (
  SELECT month, nth,
         floor + CASE WHEN due <= lacking THEN 1 WHEN lacking < 0 AND size = 1 THEN lacking ELSE 0 END AS cents
  FROM parts)
SELECT month, any_value(opens) AS opening,
       sum(cents) FILTER (nth = 0) AS new, sum(cents) FILTER (nth = 1) AS expansion,
       sum(cents) FILTER (nth = 2) AS contraction, sum(cents) FILTER (nth = 3) AS churn,
       sum(cents) FILTER (nth = 4) AS reactivation, sum(cents) FILTER (nth = 5) AS paused,
       sum(cents) FILTER (nth = 6) AS fx, any_value(closes) AS closing
FROM rounded JOIN sides USING (month) GROUP BY month ORDER BY month;

-- Twelve months point to point. Levels and those of a year before stand over the same months in pieces; a piece
-- counts when it begins and stops counting when it ends, and a running sum over months has every month at once.
CREATE TABLE kept_months AS
WITH pieces AS (
  SELECT greatest(b.month + 12, n.month) AS begins, least(b.until + 12, n.until) AS ends, n.level AS now,
         least(b.level, n.level) AS kept
  FROM steps b JOIN steps n USING (customer_id)
  WHERE b.level > 0 AND n.level > 0 AND b.month + 12 < n.until AND n.month < b.until + 12),
changes AS (
  SELECT month + 12 AS month, level AS base, 0 AS now, 0 AS kept FROM steps WHERE level > 0
  UNION ALL SELECT until + 12, -level, 0, 0 FROM steps WHERE level > 0
  UNION ALL SELECT begins, 0, now, kept FROM pieces UNION ALL SELECT ends, 0, -now, -kept FROM pieces)
SELECT month, (sum(sum(base)) OVER until_now)::BIGINT AS base, (sum(sum(now)) OVER until_now)::BIGINT AS now,
       (sum(sum(kept)) OVER until_now)::BIGINT AS kept
FROM changes GROUP BY month WINDOW until_now AS (ORDER BY month);

CREATE TABLE retention AS
SELECT m.month, m.customers, round(now / base, 6) AS nrr, round(kept / base, 6) AS grr,
       round(lost / nullif(customers_opening, 0), 6) AS logo_churn,
       round(-(churn + contraction) / nullif(opening, 0), 6) AS gross_mrr_churn,
       round(-(churn + contraction + expansion) / nullif(opening, 0), 6) AS net_mrr_churn
FROM mrr_months m ASOF LEFT JOIN kept_months k ON m.month >= k.month
WHERE m.month >= since() ORDER BY m.month;

CREATE TABLE cohort_cells AS
WITH sizes AS (SELECT first, count(*) AS customers FROM steps WHERE month = first AND first >= since() GROUP BY ALL),
paying AS (
  SELECT first, month - first AS age, count(*) AS active
  FROM (SELECT first, unnest(range(month, until))::INT AS month FROM steps WHERE first >= since() AND level > 0)
  GROUP BY ALL)
SELECT first, customers, age, coalesce(active, 0) AS active
FROM (SELECT s.*, unnest(range(closing() - s.first + 1))::INT AS age FROM sizes s) LEFT JOIN paying USING (first, age);

CREATE TABLE cohorts AS
SELECT CASE WHEN grouping(first) = 0 THEN month_text(first) ELSE 'average' END AS cohort,
       sum(customers) FILTER (age = 0) AS customers,
       round(sum(active) FILTER (age = 0) / sum(customers) FILTER (age = 0), 6) AS m0,
       round(sum(active) FILTER (age = 1) / sum(customers) FILTER (age = 1), 6) AS m1,
       round(sum(active) FILTER (age = 2) / sum(customers) FILTER (age = 2), 6) AS m2,
       round(sum(active) FILTER (age = 3) / sum(customers) FILTER (age = 3), 6) AS m3,
       round(sum(active) FILTER (age = 4) / sum(customers) FILTER (age = 4), 6) AS m4,
       round(sum(active) FILTER (age = 5) / sum(customers) FILTER (age = 5), 6) AS m5,
       round(sum(active) FILTER (age = 6) / sum(customers) FILTER (age = 6), 6) AS m6,
       round(sum(active) FILTER (age = 7) / sum(customers) FILTER (age = 7), 6) AS m7,
       round(sum(active) FILTER (age = 8) / sum(customers) FILTER (age = 8), 6) AS m8,
       round(sum(active) FILTER (age = 9) / sum(customers) FILTER (age = 9), 6) AS m9,
       round(sum(active) FILTER (age = 10) / sum(customers) FILTER (age = 10), 6) AS m10,
       round(sum(active) FILTER (age = 11) / sum(customers) FILTER (age = 11), 6) AS m11
FROM cohort_cells GROUP BY ROLLUP (first) ORDER BY first NULLS LAST;
