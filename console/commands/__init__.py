"""The commands, one file for a noun; each exports its `commands`."""
