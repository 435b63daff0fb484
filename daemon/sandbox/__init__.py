"""A Severa and a Google on this machine, for the demo and the tests, built from their contracts alone."""
