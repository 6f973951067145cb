"""The HTTP interface for programs, one file for a noun."""
