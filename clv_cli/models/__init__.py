"""Statistics on arrays (numpy, scipy): fits, estimators, intervals. No polars, no files, no money.

Every fit takes arrays and returns a frozen result: parameters, standard errors, log-likelihood,
whether it converged, and warnings in plain words. Callers import the module they need, so that scipy
loads only where something is fitted.

The lifetime models share one shape, so that a caller can hold several and choose; each is a module,
and `beta_geometric` holds two, `bg_nbd` and `mbg_nbd`:

    stats = histories(frequency, recency, age)      purchases: bg_nbd, mbg_nbd, pareto_nbd, mbg_cnbd_k
    stats = opportunities(gifts, last, asked)       yes or no at fixed times: bg_bb
    stats = spending(purchases, mean)               money: gamma_gamma
    stats = renewals(number, lost, renewed)         contracts: sbg, bdw, kaplan_meier, hazard

    fit(stats) -> Fit                               or DataError with the reason
    likelihood(stats) -> Objective                  of log parameters: value, gradient, Hessian
    probability_alive(parameters, customers)
    expected_purchases(parameters, customers, horizon)
    purchases_variance(parameters, customers, horizon)      of the outcome around its expectation
    discounted_residual(parameters, customers, discount, horizon=None)

`parameters` is the vector `Fit.values`; `customers` are the same statistics, one row a customer (for
contracts: the renewals each has made). All are vectors over customers and functions of the parameters
alone, so `intervals.delta(lambda p: expected_purchases(p, customers, 39.0), fit)` gives every customer
a standard error and an interval, and `.total()` the sum's. Times are in the unit of the data and so is
`horizon`; `discount` is continuous per unit of time for purchases, ln(1 + rate), and per period for
opportunities and contracts, which are discounted at each renewal.
"""
