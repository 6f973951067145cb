"""The HTTP interface for programs, one file for a noun. It reads only: changes go through the command line."""
