//! The implementations of Argon2, each with memory that it reuses and wipes.
//!
//! `argon2-rust` chooses vector instructions when it runs, and nobody has audited it. `argon2` is
//! the reference that it must agree with, in tests and at each start. See ADR 0023.

use argon2::{Algorithm, Argon2, AssociatedData, Block, Params, ParamsBuilder, Version};
use argon2_rust::params::{Memory, TagLen};
use zeroize::Zeroize;

/// Which implementation of Argon2 hashes passwords. Both give the same hashes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HashEngine {
    #[default]
    Argon2Rust,
    Argon2,
}

impl HashEngine {
    /// This one if it computes RFC 9106's vectors on this processor, else `argon2`.
    pub(super) fn checked(self) -> Self {
        self.checked_against(&RFC_9106)
    }

    fn checked_against(self, vectors: &[Vector]) -> Self {
        let is_right = || {
            vectors.iter().all(|vector| vector.is_computed_by(self))
                && self.agrees_in_mapped_memory(Version::V0x10)
                && self.agrees_in_mapped_memory(Version::V0x13)
        };
        if self == Self::Argon2 || is_right() {
            return self;
        }
        tracing::warn!(
            "argon2-rust does not compute what it must on this processor: passwords are hashed by argon2, which is slower"
        );
        Self::Argon2
    }

    /// Whether it computes what `argon2` does in 4 MiB: the vectors of the RFC are small, and for
    /// more than 2 MiB argon2-rust takes its memory from the system in another way.
    fn agrees_in_mapped_memory(self, version: Version) -> bool {
        let Ok(params) = Params::new(4096, 1, 1, None) else {
            return false;
        };
        let job = Job {
            algorithm: Algorithm::Argon2id,
            version,
            params: &params,
            password: &[1; 32],
            salt: &[2; 16],
            secret: &[],
        };
        let mut tags = [[0; Params::DEFAULT_OUTPUT_LEN]; 2];
        let [ours, reference] = &mut tags;
        Engine::new(self).derive(&job, ours).is_ok()
            && Engine::new(Self::Argon2).derive(&job, reference).is_ok()
            && ours == reference
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum HashError {
    #[error("argon2: {0}")]
    Argon2(#[from] argon2::Error),
    #[error("argon2-rust: {0}")]
    Argon2Rust(#[from] argon2_rust::Error),
    #[error("parameters: {0}")]
    Parameters(#[from] argon2::password_hash::Error),
    #[error("password hash: {0}")]
    Encoding(#[from] argon2::password_hash::phc::Error),
}

impl HashError {
    /// Whether the machine had no memory for it: that says nothing of the password.
    pub fn is_out_of_memory(&self) -> bool {
        matches!(
            self,
            Self::Argon2Rust(argon2_rust::Error::MemoryAllocationError)
        )
    }
}

/// What is hashed, and how.
pub(super) struct Job<'a> {
    pub algorithm: Algorithm,
    pub version: Version,
    pub params: &'a Params,
    pub password: &'a [u8],
    pub salt: &'a [u8],
    /// Empty for passwords: no pepper is used.
    pub secret: &'a [u8],
}

/// An implementation with its memory, which grows to the largest job that it had.
pub(super) enum Engine {
    Argon2Rust(argon2_rust::Hasher),
    Argon2(Vec<Block>),
}

impl Engine {
    pub fn new(kind: HashEngine) -> Self {
        match kind {
            // Each job brings parameters of its own.
            HashEngine::Argon2Rust => Self::Argon2Rust(
                argon2_rust::Argon2::new(
                    argon2_rust::Algorithm::Argon2id,
                    argon2_rust::Version::V0x13,
                    argon2_rust::Params::DEFAULT,
                )
                .hasher(),
            ),
            HashEngine::Argon2 => Self::Argon2(Vec::new()),
        }
    }

    pub fn kind(&self) -> HashEngine {
        match self {
            Self::Argon2Rust(_) => HashEngine::Argon2Rust,
            Self::Argon2(_) => HashEngine::Argon2,
        }
    }

    /// Fills the output, and wipes the memory that was used for it.
    pub fn derive(&mut self, job: &Job<'_>, output: &mut [u8]) -> Result<(), HashError> {
        match self {
            // Its feature `zeroize-memory` wipes.
            Self::Argon2Rust(hasher) => {
                hasher.set_argon2(argon2_rust(job, output.len())?);
                let data = job.params.data();
                hasher.hash_into_with_ad(job.password, job.salt, job.secret, data, output)?;
                Ok(())
            }
            Self::Argon2(memory) => {
                let blocks = job.params.block_count();
                if memory.len() < blocks {
                    memory.resize(blocks, Block::default());
                }
                let memory = &mut memory[..blocks];
                let params = job.params.clone();
                let argon2 =
                    Argon2::new_with_secret(job.secret, job.algorithm, job.version, params)?;
                let result = argon2.hash_password_into_with_memory(
                    job.password,
                    job.salt,
                    output,
                    &mut *memory,
                );
                for block in memory {
                    block.zeroize();
                }
                Ok(result?)
            }
        }
    }
}

/// The job in the words of the other crate. One thread does all lanes.
fn argon2_rust(
    job: &Job<'_>,
    output_bytes: usize,
) -> Result<argon2_rust::Argon2, argon2_rust::Error> {
    let params = argon2_rust::Params::builder()
        .memory(Memory::kib(job.params.m_cost().into()))
        .passes(job.params.t_cost())
        .lanes(job.params.p_cost())
        .threads(1)
        .tag_len(TagLen::bytes(output_bytes as u64))
        .build()?;
    let algorithm = match job.algorithm {
        Algorithm::Argon2d => argon2_rust::Algorithm::Argon2d,
        Algorithm::Argon2i => argon2_rust::Algorithm::Argon2i,
        Algorithm::Argon2id => argon2_rust::Algorithm::Argon2id,
    };
    let version = match job.version {
        Version::V0x10 => argon2_rust::Version::V0x10,
        Version::V0x13 => argon2_rust::Version::V0x13,
    };
    Ok(argon2_rust::Argon2::new(algorithm, version, params))
}

/// A test vector of RFC 9106, section 5: all have the same input.
struct Vector {
    algorithm: Algorithm,
    tag: [u8; 32],
}

impl Vector {
    fn is_computed_by(&self, engine: HashEngine) -> bool {
        let Ok(data) = AssociatedData::new(&[4; 12]) else {
            return false;
        };
        let mut params = ParamsBuilder::new();
        let params = params.m_cost(32).t_cost(3).p_cost(4).data(data).build();
        let mut tag = [0; 32];
        params.is_ok_and(|params| {
            let job = Job {
                algorithm: self.algorithm,
                version: Version::V0x13,
                params: &params,
                password: &[1; 32],
                salt: &[2; 16],
                secret: &[3; 8],
            };
            Engine::new(engine).derive(&job, &mut tag).is_ok() && tag == self.tag
        })
    }
}

const RFC_9106: [Vector; 3] = [
    Vector {
        algorithm: Algorithm::Argon2d,
        tag: [
            0x51, 0x2b, 0x39, 0x1b, 0x6f, 0x11, 0x62, 0x97, 0x53, 0x71, 0xd3, 0x09, 0x19, 0x73,
            0x42, 0x94, 0xf8, 0x68, 0xe3, 0xbe, 0x39, 0x84, 0xf3, 0xc1, 0xa1, 0x3a, 0x4d, 0xb9,
            0xfa, 0xbe, 0x4a, 0xcb,
        ],
    },
    Vector {
        algorithm: Algorithm::Argon2i,
        tag: [
            0xc8, 0x14, 0xd9, 0xd1, 0xdc, 0x7f, 0x37, 0xaa, 0x13, 0xf0, 0xd7, 0x7f, 0x24, 0x94,
            0xbd, 0xa1, 0xc8, 0xde, 0x6b, 0x01, 0x6d, 0xd3, 0x88, 0xd2, 0x99, 0x52, 0xa4, 0xc4,
            0x67, 0x2b, 0x6c, 0xe8,
        ],
    },
    Vector {
        algorithm: Algorithm::Argon2id,
        tag: [
            0x0d, 0x64, 0x0d, 0xf5, 0x8d, 0x78, 0x76, 0x6c, 0x08, 0xc0, 0x37, 0xa3, 0x4a, 0x8b,
            0x53, 0xc9, 0xd0, 0x1e, 0xf0, 0x45, 0x2d, 0x75, 0xb6, 0x5e, 0xb5, 0x25, 0x20, 0xe9,
            0x6b, 0x01, 0xe6, 0x59,
        ],
    },
];

#[cfg(test)]
mod tests;
