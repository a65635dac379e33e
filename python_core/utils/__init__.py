"""Floor 0: a closed list of small tools that know nothing of the hub's subjects."""
