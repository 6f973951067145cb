"""What stands between a request and a route: who asks, from where, how much, how often, and with which headers."""
