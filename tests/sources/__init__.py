"""Tests of reading exports."""
