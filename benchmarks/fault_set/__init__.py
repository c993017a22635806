"""Sound configurations of many domains, the faults that are planted in them, and how both are judged."""
