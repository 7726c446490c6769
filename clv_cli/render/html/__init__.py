"""The page in parts: what it says (`page`, `tiles`, `summary`, `sheets`), and how (`template`)."""
