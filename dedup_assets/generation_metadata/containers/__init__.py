"""One text reader an image container; every reader is bounded and pure, and fills a `CarrierTexts`."""
