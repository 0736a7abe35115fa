"""Text in Vietnamese and English: tokens, detection, diacritics, keyboards, quantities."""
