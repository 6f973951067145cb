"""What all of the HTTP interface for programs keeps to: pages, preconditions, asking twice, its description."""
