"""Backups of a running installation, their verification, and the way back.

A backup is a folder, or one tar file of the same layout:

    manifest.json              what is in it; written last, so that what has one is whole
    database-TIME.sqlite       the database as it was at one moment (`.dump` from PostgreSQL)
    evidence-TIME.txt          the pictures and bodies that its rows refer to
    evidence/                  those files, named by content: the next backup into the folder copies only new ones
    marketplaces-TIME/         the operator's declarations

The suspect index is not in it: it is made from the database.
"""

from counterfoil.backup.restoring import restore_backup
from counterfoil.backup.taking import take_backup
from counterfoil.backup.verifying import verify_backup

__all__ = ["restore_backup", "take_backup", "verify_backup"]
