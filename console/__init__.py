"""What people use: the command line, the HTTP interface and the pages.

May import every other package; no rule of the domain lives here.
"""
