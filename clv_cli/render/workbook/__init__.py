"""A report as a workbook: a sheet a table, a summary with live formulas, reconciliation, findings."""
