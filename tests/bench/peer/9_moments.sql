-- Terms of three months or more that run out a month, a week or no day from a day of the last month; first the
-- dearest. At stake is a year of MRR; of a term that has ended, a year of what was paid a month's end ago.
CREATE TABLE moments AS
WITH terms AS (
  SELECT customer_id, max(period_end) AS due,
         arg_min({'start': period_start, 'place': place}, (period_start, place)) AS term
  FROM (SELECT customer_id, period_start, period_end, place FROM billed
        WHERE kind = 'recurring' AND amount > 0 AND period_start < period_end AND period_end >= as_of()
        QUALIFY period_end = max(period_end) OVER (PARTITION BY customer_id))
  GROUP BY customer_id),
found AS (
  SELECT t.*, (as_of() - 30 <= due - n AND due - n <= as_of()) AS said, n, due - n AS day,
         half_even(12 * (due - term.start) * 100, 36525)::BIGINT AS months, term.place + 2 AS row
  FROM terms t, (SELECT unnest([30, 7, 0]) AS n) WHERE due <= as_of() + 30 AND said
  QUALIFY row_number() OVER (PARTITION BY customer_id ORDER BY n) = 1),
paid AS (
  SELECT customer_id, max(level) FILTER (month <= closing() AND closing() < until) AS now,
         max(level) FILTER (month < closing() AND closing() <= until) AS last_month
  FROM steps WHERE level > 0 AND until >= closing() GROUP BY customer_id)
SELECT customer_id, 'Renewal due' AS title, day, format('{}-month term ends {}', months, due) AS fact,
       half_even(coalesce(now, last_month), 4620) AS value, 'success' AS owner, 'renewal' AS kind,
       'prepare the renewal: what they achieved, what comes next' AS play,
       CASE WHEN now IS NOT NULL THEN '12 x MRR' WHEN last_month IS NOT NULL THEN '12 x MRR of the term that ends'
            ELSE 'pays nothing now' END AS basis,
       2 AS priority, format('lines.csv:{}', row + (
         SELECT count(*) FROM set_aside WHERE source = 'lines.csv' AND line - nth <= row)) AS evidence,
       format('renewal:{}:term:{}:T-{}', customer_id, due, n) AS key
FROM found LEFT JOIN paid USING (customer_id) WHERE months >= 3
ORDER BY value DESC NULLS LAST, day DESC, customer_id, key LIMIT 10;
