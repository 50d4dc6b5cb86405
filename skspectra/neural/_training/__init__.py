"""How a net is trained, on any device."""
