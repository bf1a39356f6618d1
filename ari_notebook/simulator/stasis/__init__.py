"""Control of channels by Stasis applications, and call broadcasts."""
