"""The two loopback HTTP servers; only this package knows Flask and its host."""
