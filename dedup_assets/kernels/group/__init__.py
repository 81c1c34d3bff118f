"""From verdicts on pairs to groups: stars, crowds, and what people said.

`stars.py` is the rule: every member was compared with the image in the middle. `bonds.py` forms stars where people have
spoken, `crowds.py` where there are too many near contents to list all pairs beforehand.
"""
