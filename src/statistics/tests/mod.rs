//! Held against other programs, against what must hold for any input, and against chance.

mod properties;
mod reference;
mod simulations;
mod streams;
