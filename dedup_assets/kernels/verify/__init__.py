"""Whether two pictures are the same: tests from cheap to dear, and the evidence that they leave."""
