-- Whole cents, run once a turn: purchases first (turn -1), then what the first credit of each purchase takes back,
-- then the second ones, for each is cut by the cells that those before it left.
--
-- All of a month are rounded together. The fractions of a line are laid end to end from where those before it ended,
-- and a part gets a cent for every whole cent it crosses. What a bucket's total then still lacks or has too much is
-- moved, where it costs least, between the two buckets of a line. Fractions are counted in 2^-50 of a cent.

-- Credits make totals smaller: what purchases left over counts the other way.
SET VARIABLE way = (SELECT CASE WHEN $turn < 0 THEN 1 ELSE -1 END);
CREATE TABLE IF NOT EXISTS carried (month INT, cxm HUGEINT, cs HUGEINT, sales HUGEINT);
CREATE TABLE IF NOT EXISTS cells (
  place BIGINT, credit BIGINT, by_cs BOOLEAN, was_a BIGINT, was_b BIGINT, was_c BIGINT, a BIGINT, b BIGINT, c BIGINT);

CREATE OR REPLACE TABLE to_cut AS
SELECT place, NULL::BIGINT AS credit, month, line_id AS first_id, '' AS second_id, by_cs, amount AS total, a, b, c, den
FROM shares WHERE $turn < 0
UNION ALL
SELECT *, coalesce(a, 0) + coalesce(b, 0) + coalesce(c, 0) FROM (
  SELECT purchase, t.credit, month_of(t.issued_on), t.line_id, t.own_id, by_cs, taken,
         sum(sign * a) AS a, sum(sign * b) AS b, sum(sign * c) AS c
  FROM takings t JOIN (SELECT *, CASE WHEN credit IS NULL THEN 1 ELSE -1 END AS sign FROM cells) ON purchase = place
  WHERE nth = $turn GROUP BY purchase, t.credit, t.issued_on, t.line_id, t.own_id, by_cs, taken);

CREATE OR REPLACE TABLE floors AS
SELECT *, (total * a // den)::BIGINT AS a0, (total * b // den)::BIGINT AS b0, (total * c // den)::BIGINT AS c0,
       coalesce(fraction(total, a, den), 0) AS fa, coalesce(fraction(total, b, den), 0) AS fb,
       coalesce(fraction(total, c, den), 0) AS fc
FROM to_cut;

-- What cutting fractions to 2^-50 lost is put back: whole cents of a bucket are whole again, and so is the line.
CREATE OR REPLACE TABLE divided AS
WITH parts AS (
  SELECT place, month, first_id, second_id, by_cs,
         total - coalesce(a0, 0) - coalesce(b0, 0) - coalesce(c0, 0) AS units, fb + fc AS fo, fa, fb, fc,
         CASE WHEN a IS NOT NULL THEN fa ELSE greatest(fb, fc) END AS step,
         2 * ((a IS NOT NULL)::INT + (b IS NOT NULL)::INT + (c IS NOT NULL)::INT) AS lost
  FROM floors WHERE fa > 0 OR fb > 0 OR fc > 0),
wholes AS (
  SELECT *, (-fa & (cent() - 1)) <= lost AS whole_a, (-fo & (cent() - 1)) <= lost AS whole_o,
         CASE WHEN whole_a THEN (-fa & (cent() - 1)) ELSE 0 END AS to_a,
         CASE WHEN whole_o THEN (-fo & (cent() - 1)) ELSE 0 END AS to_o,
         units * cent() - fa - fo - to_a - to_o AS lacking FROM parts),
fitted AS (
  SELECT place, month, first_id, second_id, by_cs, units,
         fa + to_a + CASE WHEN whole_o AND NOT whole_a THEN lacking ELSE 0 END AS fa,
         fb + CASE WHEN fc > 0 THEN 0 WHEN whole_o THEN to_o WHEN fb > 0 THEN lacking ELSE 0 END AS fb,
         fc + CASE WHEN fc = 0 THEN 0 WHEN whole_o THEN to_o ELSE lacking END AS fc,
         ((sum(step) OVER (PARTITION BY month ORDER BY first_id, second_id) - step) % cent())::BIGINT AS starts
  FROM wholes)
SELECT *, (starts + fa) >> 50 AS up_a, ((starts + fa + fb) >> 50) - ((starts + fa) >> 50) AS up_b,
       ((starts + fa + fb + fc) >> 50) - ((starts + fa + fb) >> 50) AS up_c, up_b + up_c AS up_o,
       fa >> 50 AS floor_a, fa & (cent() - 1) AS rest_a, (fb + fc) >> 50 AS floor_o, (fb + fc) & (cent() - 1) AS rest_o,
       units - floor_a - floor_o AS spare, (rest_a > 0)::INT + (rest_o > 0)::INT AS open
FROM fitted;

-- Each bucket's total is the floor or the ceiling of its exact one, less what earlier turns left over: of those that
-- the lines can meet the nearest.
CREATE OR REPLACE TABLE wanted AS
WITH sums AS (
  SELECT month, bucket, sum(up) AS have, sum(fraction) AS exact,
         sum(floor + (rest > 0 AND spare >= open)::INT) AS least,
         sum(floor + (rest > 0 AND spare > 0)::INT) AS most
  FROM (
    SELECT month, 0 AS bucket, up_a AS up, fa AS fraction, floor_a AS floor, rest_a AS rest, spare, open FROM divided
    UNION ALL SELECT month, CASE WHEN by_cs THEN 1 ELSE 2 END, up_o, fb + fc, floor_o, rest_o, spare, open FROM divided)
  GROUP BY month, bucket),
targets AS (
  SELECT *, floored(target, cent()) AS floor,
         (sum(target) OVER of_month // cent()) - sum(floored(target, cent())) OVER of_month AS ceiled
  FROM (
    SELECT month, bucket, coalesce(have, 0) AS have, coalesce(least, 0) AS least, coalesce(most, 0) AS most,
           coalesce(exact, 0) - getvariable('way') * coalesce([cxm, cs, sales][bucket + 1], 0) AS target
    FROM (SELECT DISTINCT month, unnest([0, 1, 2]) AS bucket FROM sums)
    LEFT JOIN sums USING (month, bucket) LEFT JOIN carried USING (month))
  WINDOW of_month AS (PARTITION BY month)),
tried AS (
  SELECT *, floor + ((up >> bucket) & 1) AS cents, cents * cent() - target AS beyond
  FROM targets JOIN (SELECT unnest(range(8)) AS up) ON bit_count(up::UTINYINT) = ceiled),
choices AS (
  SELECT month, up, list({'surplus': (have - cents)::BIGINT, 'beyond': beyond} ORDER BY bucket) AS buckets,
         sum(abs(beyond)) AS cost
  FROM tried GROUP BY month, up HAVING bool_and(cents BETWEEN least AND most))
SELECT month, arg_min(buckets, (cost, up)) AS buckets FROM choices GROUP BY month;

CREATE OR REPLACE TABLE moved AS
WITH uneven AS (
  SELECT d.*, buckets[CASE WHEN by_cs THEN 2 ELSE 3 END].surplus AS surplus, sign(surplus)::INT AS to_a
  FROM divided d JOIN wanted USING (month) WHERE surplus <> 0)
SELECT place, to_a FROM uneven
WHERE CASE WHEN surplus > 0 THEN up_o > floor_o AND up_a <= floor_a AND rest_a > 0
           ELSE up_a > floor_a AND up_o <= floor_o AND rest_o > 0 END
QUALIFY row_number() OVER (
  PARTITION BY month, by_cs ORDER BY to_a * (rest_o - rest_a), first_id, second_id) <= abs(surplus);

-- Of two parts in one bucket the larger fraction gets the cent, and the smaller one gives it.
INSERT INTO cells
SELECT f.place, credit, f.by_cs, a AS was_a, b AS was_b, c AS was_c,
       a0 + coalesce(up_a, 0) + coalesce(to_a, 0) AS a,
       b0 + coalesce(up_b, 0) - CASE WHEN of_b THEN to_a ELSE 0 END AS b,
       c0 + coalesce(up_c, 0) - CASE WHEN of_b THEN 0 ELSE coalesce(to_a, 0) END AS c
FROM floors f LEFT JOIN (
  SELECT place, up_a, up_b, up_c, to_a,
         CASE WHEN to_a < 0 THEN up_b = 0 AND d.fb > 0 AND NOT (up_c = 0 AND d.fc > d.fb)
              WHEN to_a > 0 THEN up_b > 0 AND NOT (up_c > 0 AND d.fc < d.fb) END AS of_b
  FROM divided d LEFT JOIN moved USING (place)) USING (place);

CREATE OR REPLACE TABLE carried AS
SELECT month, getvariable('way') * buckets[1].beyond AS cxm, getvariable('way') * buckets[2].beyond AS cs,
       getvariable('way') * buckets[3].beyond AS sales FROM wanted
UNION ALL SELECT * FROM carried ANTI JOIN wanted USING (month);
