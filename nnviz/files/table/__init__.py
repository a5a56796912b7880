"""Tables of other people: read with all that can be found out about them, made rows of, and written.

`table.head` and `table.read` find the layout, `findings.findings` what each column holds and may be for,
`building.built` makes rows and columns of a person's choices, and these a network, or go into one.
"""
