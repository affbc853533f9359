//! `devdoctor ports` for a person: one line a listener, fitted to the terminal.
