"""Checks configurations: discovery, rules, severities, the report that every output is made from."""
