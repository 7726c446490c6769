"""Typed frames that several pipelines share: reductions of the lines, and what follows from them."""
