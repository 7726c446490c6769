-- Strict loading: every column has a type, low-cardinality ones a closed list; a row that does not fit is set
-- aside with file, line, column and reason.

CREATE TYPE kinds AS ENUM ('recurring', 'proration', 'usage', 'one_off', 'trial', 'credit', 'refund', 'writeoff');
CREATE TYPE statuses AS ENUM ('draft', 'open', 'paid', 'void', 'uncollectible');
CREATE TYPE intervals AS ENUM ('month', 'year');
CREATE TYPE currencies AS ENUM ('USD', 'EUR', 'GBP', 'CHF', 'JPY', 'CAD', 'AUD');

-- Money in whole cents, months as year * 12 + month - 1. Rows keep the order of the file. A column that nobody reads is
-- not parsed, so the last line reads those that no table needs: a row with a fault in them is set aside, too.
CREATE TABLE lines AS
SELECT line_id, customer_id, issued_on, month_of(issued_on) AS month, kind, product_id,
       (amount * 100)::BIGINT AS amount, currency, "interval", period_start, period_end, status
FROM read_csv($folder || '/lines.csv', header = true, store_rejects = true, columns = {
  'line_id': 'VARCHAR', 'invoice_id': 'VARCHAR', 'customer_id': 'VARCHAR', 'issued_on': 'DATE', 'kind': 'kinds',
  'product_id': 'VARCHAR', 'quantity': 'BIGINT', 'unit_price': 'DECIMAL(18,2)', 'amount': 'DECIMAL(18,2)',
  'discount': 'DECIMAL(18,2)', 'tax': 'DECIMAL(18,2)', 'currency': 'currencies', 'interval': 'intervals',
  'interval_count': 'BIGINT', 'period_start': 'DATE', 'period_end': 'DATE', 'status': 'statuses'})
WHERE hash(quantity, unit_price, discount, tax, interval_count) IS NOT NULL;

CREATE TABLE customers AS
SELECT * FROM read_csv($folder || '/customers.csv', header = true, store_rejects = true, columns = {
  'customer_id': 'VARCHAR', 'name': 'VARCHAR', 'segment': 'VARCHAR', 'prior_supplier': 'VARCHAR'});

CREATE TABLE touches AS
SELECT * FROM read_csv($folder || '/touches.csv', header = true, store_rejects = true, columns = {
  'touch_id': 'VARCHAR', 'customer_id': 'VARCHAR', 'happened_on': 'DATE', 'team': 'VARCHAR'});

CREATE TABLE risk_flags AS
SELECT * FROM read_csv($folder || '/risk_flags.csv', header = true, store_rejects = true, columns = {
  'flag_id': 'VARCHAR', 'customer_id': 'VARCHAR', 'flagged_on': 'DATE'});

-- The file is YAML, which DuckDB does not read. Weights are parts per million; no list means all.
CREATE TABLE initiatives (
  initiative_id VARCHAR, effective_from DATE, products VARCHAR[], segments VARCHAR[], switched BIGINT, expanded BIGINT);
INSERT INTO initiatives VALUES
  ('I1', '2024-01-01', ['insights'], NULL, 1000000, 1000000), ('I2', '2024-06-01', ['api'], ['smb'], 500000, 500000);

-- Amounts of two currencies have no sum, and no rate is among the files.
SELECT CASE WHEN min(currency) <> max(currency) THEN error('lines in several currencies') END FROM lines;

-- Ids that stand more than once: hashes first, which are half as long as ids, then the suspects themselves.
CREATE TABLE repeated_ids AS
SELECT line_id, count(*) AS rows FROM lines
WHERE hash(line_id) IN (SELECT hash(line_id) FROM lines GROUP BY ALL HAVING count(*) > 1)
GROUP BY line_id HAVING count(*) > 1;

CREATE TABLE set_aside AS
SELECT parse_filename(file_path) AS source, line, row_number() OVER (PARTITION BY file_path ORDER BY line) - 1 AS nth,
       list({'column': column_name, 'reason': error_message}) AS faults
FROM reject_errors JOIN reject_scans USING (scan_id, file_id) GROUP BY file_path, line;

CREATE TABLE sources AS
SELECT source, "table", '' AS preset, loaded + coalesce(refused, 0) AS read, loaded,
       coalesce(refused, 0) AS quarantined, 0 AS skipped, first_day, last_day
FROM (
  SELECT 1 AS nth, 'lines.csv' AS source, 'billing_lines' AS "table", count(*) AS loaded,
         min(issued_on) AS first_day, max(issued_on) AS last_day FROM lines
  UNION ALL SELECT 2, 'customers.csv', 'customers', count(*), NULL, NULL FROM customers
  UNION ALL
  SELECT 3, 'initiatives.yaml', 'initiatives', count(*), min(effective_from), max(effective_from) FROM initiatives
  UNION ALL SELECT 4, 'risk_flags.csv', 'risk_flags', count(*), min(flagged_on), max(flagged_on) FROM risk_flags
  UNION ALL SELECT 5, 'touches.csv', 'touches', count(*), min(happened_on), max(happened_on) FROM touches)
LEFT JOIN (SELECT source, count(*) AS refused FROM set_aside GROUP BY source) USING (source)
ORDER BY nth;
