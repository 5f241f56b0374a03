//! Chance that can be had again.

/// A small generator of random numbers: PCG XSH-RR 64/32 (O'Neill 2014).
#[derive(Debug, Clone)]
pub struct Pcg {
    state: u64,
    increment: u64,
}

impl Pcg {
    /// The generator of this seed, on the stream that all figures use.
    pub fn new(seed: u64) -> Self {
        Self::with_stream(seed, 54)
    }

    /// The generator of this seed on one of 2⁶³ streams.
    pub fn with_stream(seed: u64, stream: u64) -> Self {
        let mut made = Self {
            state: 0,
            increment: (stream << 1) | 1,
        };
        made.bits();
        made.state = made.state.wrapping_add(seed);
        made.bits();
        made
    }

    /// The next 32 random bits.
    pub fn bits(&mut self) -> u32 {
        let old = self.state;
        self.state = old
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(self.increment);
        let shifted = (((old >> 18) ^ old) >> 27) as u32;
        shifted.rotate_right((old >> 59) as u32)
    }

    /// A number from 0 up to and without 1.
    pub fn share(&mut self) -> f64 {
        f64::from(self.bits()) / (f64::from(u32::MAX) + 1.0)
    }

    /// A number from 0 up to and without `end`. None is likelier than another by more than
    /// `end` / 2³².
    pub fn below(&mut self, end: u32) -> u32 {
        ((u64::from(self.bits()) * u64::from(end)) >> 32) as u32
    }
}

/// The seed of a text, such as the digest of a suite: FNV-1a of its bytes.
pub fn seed_of(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
