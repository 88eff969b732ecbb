"""A page for tests: each markdown of a JSON list in a container of its own. Drawn by `streamlit run THIS -- LIST`."""

import json
import sys
from pathlib import Path

import streamlit as st

if __name__ == "__main__":
    for number, markdown in enumerate(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))):
        with st.container(key=f"message{number}"):
            st.markdown(markdown)
