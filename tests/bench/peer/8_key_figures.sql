-- Fifteen key figures at the last month, the month before and on the way there, as the months before need them.
CREATE TABLE kpis AS
WITH months AS (
  SELECT m.month, nth, m.closing, m.customers, m.customers_opening, m.lost, m.churn, m.contraction,
         m.new + m.expansion + m.reactivation AS gained,
         r.amount AS net_revenue, k.now / k.base AS nrr, k.kept / k.base AS grr,
         sum(m.lost) OVER a_year AS lost_a_year, sum(m.customers_opening) OVER a_year AS at_risk,
         sum(r.amount) OVER a_year AS revenue_a_year
  FROM (SELECT *, month - since() AS nth FROM mrr_months) m LEFT JOIN revenue_months r USING (month)
  ASOF LEFT JOIN kept_months k ON m.month >= k.month
  WINDOW a_year AS (ORDER BY m.month ROWS BETWEEN 11 PRECEDING AND CURRENT ROW)),
-- CLV is ARPA x margin x lifetime, here without costs and for at most 60 months; of fewer than five customers lost in
-- a year there is none. Money in cents, each rounded once.
valued AS (
  SELECT *, CASE WHEN customers > 0 THEN half_even(closing, 55440 * customers) END AS arpa,
         CASE WHEN lost_a_year < 5 OR revenue_a_year <= 0 OR customers = 0 THEN NULL
              WHEN at_risk >= 60 * lost_a_year THEN half_even(closing::HUGEINT * 60, 55440::HUGEINT * customers)
              ELSE half_even(closing::HUGEINT * at_risk::HUGEINT, 55440::HUGEINT * customers * lost_a_year::HUGEINT)
         END AS clv
  FROM months WHERE nth >= -1),
-- One column holds money, counts and ratios, so all of them are floats from here on: cents stay whole in them.
figures AS (
  SELECT month, nth, unnest([
    {'line': 1, 'metric': 'mrr', 'kind': 'money', 'exact': half_even(closing, 55440)::DOUBLE},
    {'line': 2, 'metric': 'arr', 'kind': 'money', 'exact': half_even(closing, 4620)::DOUBLE},
    {'line': 3, 'metric': 'net_revenue', 'kind': 'money', 'exact': coalesce(net_revenue, 0)::DOUBLE},
    {'line': 4, 'metric': 'customers', 'kind': 'count', 'exact': customers::DOUBLE},
    {'line': 5, 'metric': 'arpa', 'kind': 'money', 'exact': arpa::DOUBLE},
    {'line': 6, 'metric': 'nrr', 'kind': 'ratio', 'exact': nrr},
    {'line': 7, 'metric': 'grr', 'kind': 'ratio', 'exact': grr},
    {'line': 8, 'metric': 'logo_churn', 'kind': 'ratio', 'exact': lost / nullif(customers_opening, 0)},
    {'line': 9, 'metric': 'quick_ratio', 'kind': 'factor', 'exact': gained / nullif(-(churn + contraction), 0)},
    {'line': 10, 'metric': 'gross_margin', 'kind': 'ratio', 'exact': CASE WHEN revenue_a_year > 0 THEN 1 END::DOUBLE},
    {'line': 11, 'metric': 'cac', 'kind': 'money', 'exact': NULL},
    {'line': 12, 'metric': 'clv', 'kind': 'money', 'exact': clv::DOUBLE},
    {'line': 13, 'metric': 'customer_net_worth', 'kind': 'money', 'exact': NULL},
    {'line': 14, 'metric': 'ltv_cac', 'kind': 'factor', 'exact': NULL},
    {'line': 15, 'metric': 'cac_payback', 'kind': 'months', 'exact': NULL}], recursive := true),
    lost_a_year, revenue_a_year
  FROM valued),
rows AS (
  SELECT line, metric, kind, last(exact ORDER BY nth) AS now, last(exact ORDER BY nth) FILTER (nth < 11) AS before,
         list(CASE WHEN kind = 'money' THEN exact / 100 ELSE round(exact, 6) END ORDER BY nth) FILTER (nth >= 0) AS series,
         last(lost_a_year ORDER BY nth)::BIGINT AS lost, last(revenue_a_year ORDER BY nth) AS revenue
  FROM figures GROUP BY line, metric, kind)
SELECT metric, kind, series[12] AS value, series[11] AS previous,
       round(CASE kind WHEN 'ratio' THEN now - before ELSE (now - before) / abs(nullif(before, 0)) END, 6) AS change,
       CASE WHEN metric IN ('mrr', 'arr', 'customers', 'arpa') THEN format('at {}', as_of())
            WHEN metric IN ('net_revenue', 'logo_churn', 'quick_ratio') THEN 'month ' || month_text(closing())
            ELSE format('12 months to {}', as_of()) END AS window, series,
       CASE WHEN metric IN ('cac', 'customer_net_worth', 'ltv_cac', 'cac_payback') THEN 'skipped: needs spend'
            WHEN now IS NOT NULL THEN NULL
            WHEN metric IN ('gross_margin', 'clv') AND revenue <= 0 THEN 'no billed revenue in 12 months'
            WHEN metric = 'quick_ratio' THEN 'no losses'
            WHEN metric = 'clv' AND lost = 0 THEN 'no churn in 12 months'
            WHEN metric = 'clv' THEN format('only {} customer{} lost in 12 months', lost, if(lost = 1, '', 's'))
       END AS reason
FROM rows ORDER BY line;
