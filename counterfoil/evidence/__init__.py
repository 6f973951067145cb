"""Files kept as evidence: content-addressed, written once, named by the SHA-256 of their bytes."""

from counterfoil.evidence.opening import open_evidence
from counterfoil.evidence.store import EvidenceStore, Kind, StoredEvidence

__all__ = ["EvidenceStore", "Kind", "StoredEvidence", "open_evidence"]
