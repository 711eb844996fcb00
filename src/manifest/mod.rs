//! Files, directories and streams to objects.
