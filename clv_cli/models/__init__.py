"""Statistics on arrays (numpy, scipy): fits, estimators, intervals. No polars, no files, no money.

Every fit takes arrays and returns a frozen result: parameters, standard errors, log-likelihood,
whether it converged, and warnings in plain words. Callers import the module they need, so that scipy
loads only where something is fitted.
"""
