"""`counterfoil doctor`: looks at everything an installation stands on and says what is wrong and what to do.

Each check is a function in a file of this package and gives one line; `examination.CHECKS` lists them. A check reads
and never writes, has a deadline, and one that breaks is a line too.
"""
