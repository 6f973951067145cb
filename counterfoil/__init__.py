"""The domain: what things are called and how they are judged.

Imports nothing of ours from above; every other package builds on this one.
"""

import os

# Before numpy is loaded: pictures are worked on side by side, and small products of matrices (0.9 ms on one core) take
# ten times the processor's time where several threads wait for each other's part of them.
for _library in ("OPENBLAS", "OMP", "MKL"):
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")
