"""Tests of the other renderings."""
