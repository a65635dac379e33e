"""What works whether the hub runs or not: export, import, backup, and the examination of the store.

It works on the store itself: SQLite lets readers in beside the hub, and a writer between the hub's transactions.
"""
