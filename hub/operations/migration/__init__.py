"""A history moved with proof: partition by partition, each one transaction, each attempt kept."""
