"""Severa's side: what its REST API says, as the values of `daemon.core`, and back."""
