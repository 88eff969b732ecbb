"""Numbers of core as rows of words: what pages draw natively and reports print. Nothing here knows how it is drawn."""
