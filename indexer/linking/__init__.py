"""The same story told again: counterparts in the other language, and copies."""
