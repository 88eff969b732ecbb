"""The languages that a text may be told to be in, by their numbers: what a table says with one never changes."""

from __future__ import annotations

from typing import Final

#: 0 is a text too short, or too mixed, to tell. Others are added at the end.
LANGUAGES: Final = (
    "unknown", "English", "German", "French", "Spanish", "Portuguese", "Italian", "Dutch", "Swedish", "Polish",
    "Czech", "Romanian", "Turkish", "Indonesian", "Vietnamese", "Russian", "Ukrainian", "Bulgarian", "Greek", "Hebrew",
    "Arabic", "Persian", "Urdu", "Hindi", "Bengali", "Tamil", "Thai", "Korean", "Japanese", "Chinese",
)  # fmt: skip
