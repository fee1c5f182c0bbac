use std::sync::Mutex;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use vestibule_core::ports::Random;

/// The same bytes in every run.
pub struct SeededRandom(Mutex<StdRng>);

impl SeededRandom {
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(StdRng::seed_from_u64(seed)))
    }
}

impl Default for SeededRandom {
    fn default() -> Self {
        Self::new(42)
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.lock().unwrap().fill_bytes(bytes);
    }
}
