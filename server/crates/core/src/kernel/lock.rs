use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, also after a panic while it was locked: a task that panicked takes no other one with it.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
