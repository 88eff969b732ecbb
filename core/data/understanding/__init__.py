"""How a file is understood before it is used: its first rows, what is proposed, and what was agreed on before."""
