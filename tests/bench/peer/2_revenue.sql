-- Revenue as billed: lines that are neither draft nor void, up to the as-of day.

-- As of the end of the last month that has a line on its last day or after it; reported are twelve months.
-- Variables, not a table: constants are what the optimiser estimates by.
SET VARIABLE as_of = (
  SELECT CASE WHEN last = last_day(last) THEN last ELSE (date_trunc('month', last) - INTERVAL 1 DAY)::DATE END
  FROM (SELECT max(issued_on) AS last FROM lines WHERE status NOT IN ('draft', 'void')));
CREATE MACRO as_of() AS getvariable('as_of');
CREATE MACRO closing() AS month_of(as_of());
CREATE MACRO since() AS closing() - 11;

CREATE VIEW billed AS
SELECT rowid AS place, lines.* FROM lines
WHERE status NOT IN ('draft', 'void') AND issued_on <= as_of();

CREATE TABLE reconciliation AS
WITH sums AS (
  SELECT CASE WHEN status IN ('draft', 'void') THEN 'draft_or_void' WHEN issued_on > as_of() THEN 'after_as_of'
              WHEN month < since() THEN 'before' ELSE 'period' END AS item, count(*) AS lines, sum(amount) AS amount
  FROM lines GROUP BY item)
SELECT item, lines, amount::BIGINT AS amount FROM (
  SELECT 1 AS nth, 'loaded' AS item, sum(lines) AS lines, sum(amount) AS amount FROM sums
  UNION ALL SELECT 2, item, -lines, -amount FROM sums WHERE item = 'draft_or_void'
  UNION ALL SELECT 3, item, -lines, -amount FROM sums WHERE item = 'after_as_of'
  UNION ALL SELECT 4, 'billed', sum(lines), sum(amount) FROM sums WHERE item IN ('before', 'period')
  UNION ALL SELECT 5, item, lines, amount FROM sums WHERE item = 'before'
  UNION ALL SELECT 6, item, lines, amount FROM sums WHERE item = 'period')
ORDER BY nth;

CREATE TABLE revenue_months AS
SELECT month, count(*) AS lines, sum(amount)::BIGINT AS amount,
       sum(amount) FILTER (amount > 0) AS invoiced, sum(amount) FILTER (amount < 0) AS taken_back
FROM billed GROUP BY month ORDER BY month;
