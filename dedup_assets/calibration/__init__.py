"""Calibration: what each threshold finds and what it lets through, measured on a sample of a person's own images.

In the order in which data pass: `sampling` chooses images, `seeing` looks at them as each stage does; `planting`, `unrelated`
and `lookalikes` make pairs, which `pair_judge` verifies and `verdict_steps` and `hash_distances` follow over the values of
`ranges`; `counting` and `curves` sum up, `results` and `telling` give it to people. `measuring` leads through all of it,
to an `outcome`.
"""
