"""Builds, starts and stops everything; the one place that knows it all."""
