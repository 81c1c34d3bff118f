"""Jobs, the nightly schedule, and the sensor on new prefixes."""
