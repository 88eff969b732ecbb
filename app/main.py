"""The dashboard's entry: the frame around every page."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:  # `streamlit run app/main.py` puts app/ there, not the root
    sys.path.insert(0, str(ROOT))

import streamlit as st  # noqa: E402

from app import guard, navigation, session  # noqa: E402
from app.components.shared.find_user import find_user  # noqa: E402
from app.components.shared.pulse import pulse  # noqa: E402
from app.components.shared.who import sign_in, signed_in  # noqa: E402
from app.garbage import settled  # noqa: E402

ASSETS = ROOT / "app" / "assets"

# A bitmap would be served from memory that is dropped when a run is interrupted (404); a drawing goes with the page.
st.set_page_config("Trustdesk", str(ASSETS / "logo.svg"), layout="wide", initial_sidebar_state=208)
st.logo(str(ASSETS / "wordmark.svg"), size="medium", icon_image=str(ASSETS / "logo.svg"))
page = st.navigation(navigation.sections(), expanded=True)
with guard.shown():
    locked = session.locked()
    session.let_files_in(admitted=not locked)
    if locked:
        sign_in()
    else:
        find_user()
        page.run()
        signed_in()
        pulse(page.url_path)
        settled(page.url_path)
