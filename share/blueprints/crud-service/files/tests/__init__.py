"""Tests: python3 -m unittest discover -s tests -t . (pytest runs them as well)."""
