//! SQL read models: floor 5. Derived from the journal alone; deleted and rebuilt at will.
