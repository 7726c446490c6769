"""Seeded generator of the Harbour Analytics sample exports (standard library only)."""
