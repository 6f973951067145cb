"""The truth: tables, migrations, and one file per noun of functions that take a connection.

`Store.read()` and `Store.write()` give the connection; whoever opens the transaction decides what belongs together.
"""

from counterfoil.store.engine import Store
from counterfoil.store.schema import check_integrity, open_store

__all__ = ["Store", "check_integrity", "open_store"]
