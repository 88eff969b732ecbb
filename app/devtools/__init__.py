"""For whoever works on the program: the tests, a demo home, a server to look at, screenshots."""
