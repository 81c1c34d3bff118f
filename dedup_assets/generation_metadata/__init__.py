"""Reading AI-generation metadata from image files: from bytes to the hash of a recipe.

In the order in which data pass: `containers/` and `stealth_alpha` take texts out of a file and fill `carrier_texts`, `carriers`
is the door to them; `registry` asks the parsers of `tools/` in turn, which fill `parameters` by means of `objects` and `values`;
`recipe` makes the canonical text, in which `sampler_names` has one spelling, and its hash. Nothing here trusts what it reads.
"""
