"""The pieces that every list is made of: its address, saved views, chips, order, pages, boxes, and the bar below."""
