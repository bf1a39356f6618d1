"""Services beside channels and bridges: endpoints, device states, mailboxes, modules, logs."""
