//! Stages joined by lock-free queues of one producer and one consumer.

pub mod queue;
pub mod stages;
