"""The steps by which a text comes to how it reads, and what they keep of where everything was."""
