"""Pure rules of the field: no I/O, no clock, no settings. Everything here is a function of its arguments."""
