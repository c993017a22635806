"""A labelled set of messages with personal data: generated, seeded, three languages, and their tricks."""
