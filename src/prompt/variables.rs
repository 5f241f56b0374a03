//! Variables: their declaration, and the values given for them.
