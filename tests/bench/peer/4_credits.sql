-- Which purchases credits take back. They name none here, so a credit takes the customer's latest purchases of its
-- product first, of one day the largest: a stack. Each purchase stands in it from the height at which it was put on,
-- and a credit takes off whatever stands above the height to which it comes down. So what it takes of a purchase is
-- where the two overlap, below what any credit between them has left standing.

CREATE TABLE stacks AS
WITH events AS (
  SELECT place, line_id, stack, issued_on, amount, row_number() OVER in_turn AS turn, sum(amount) OVER in_turn AS net
  FROM billed JOIN (
    SELECT customer_id, product_id, max(issued_on) AS last_day, row_number() OVER ()::INT AS stack
    FROM billed WHERE amount < 0 GROUP BY customer_id, product_id) USING (customer_id, product_id)
  WHERE issued_on <= last_day
  WINDOW in_turn AS (PARTITION BY stack ORDER BY issued_on, amount < 0, amount, line_id))
-- A stack that is empty is not owed: below 0 it begins again.
SELECT *, (net - least(0, min(net) OVER (PARTITION BY stack ORDER BY turn)))::BIGINT AS height
FROM events;

CREATE TABLE takings AS
WITH pairs AS (
  SELECT c.place AS credit, c.line_id, c.issued_on, p.place AS purchase, p.line_id AS own_id,
         p.height - p.amount AS bottom, c.height AS down_to,
         least(p.height, min(c.height) OVER (PARTITION BY p.place ORDER BY c.turn ROWS BETWEEN UNBOUNDED PRECEDING
           AND 1 PRECEDING)) AS top
  FROM stacks c JOIN stacks p ON c.stack = p.stack
    AND c.amount < 0 AND p.amount > 0 AND p.turn < c.turn AND p.height > c.height)
SELECT *, row_number() OVER (PARTITION BY purchase ORDER BY issued_on, taken, line_id) - 1 AS nth
FROM (SELECT credit, purchase, line_id, own_id, issued_on, top - greatest(bottom, down_to) AS taken FROM pairs)
WHERE taken > 0;
