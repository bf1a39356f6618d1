"""The core of the exchange: channels, bridges, and the publishing of events."""
