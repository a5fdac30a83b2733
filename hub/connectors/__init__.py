"""One folder for each system, and the kit they are made of. A connector is an island: none imports another."""
