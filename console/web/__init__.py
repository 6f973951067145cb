"""The pages for people, one file for a noun."""
