"""What can go wrong with a marketplace, on request: a layer in front of the shop, one fault on top of the other.

`layer.py` decides which request is struck, `catalogue.py` lists the faults, and the other files do the damage.
"""
