"""The domain: what things are called and how they are judged.

Imports nothing of ours from above; every other package builds on this one.
"""
