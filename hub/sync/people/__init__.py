"""Which records are one person: normal forms, comparison, rules, clusters. Pure; nothing here reads or writes."""
