"""Where everything that must outlive the process is kept: one SQLite file, written by one process."""
