"""Channel technologies, dialling and transfers."""
