-- Whole-number arithmetic as the books have it: quotients towards minus infinity, halves to even.

CREATE MACRO floored(a, b) AS (a - ((a % b) + b) % b) // b;
CREATE MACRO rest_of(a, b) AS ((a % b) + b) % b;
CREATE MACRO half_even(a, b) AS
  floored(2 * a + b, 2 * b) - (rest_of(2 * a + b, 2 * b) = 0 AND floored(2 * a + b, 2 * b) % 2 <> 0)::INT;
CREATE MACRO month_of(day) AS (year(day) * 12 + month(day) - 1)::INT;
CREATE MACRO month_text(month) AS format('{}-{:02d}', month // 12, month % 12 + 1);

-- A cent is 2^50 of what fractions are counted in; of an amount cut by a share, the fraction of its last cent.
CREATE MACRO cent() AS 1125899906842624;
CREATE MACRO fraction(total, num, den) AS ((total * num % den) * cent() // den)::BIGINT;
