//! A METHOD of the caller's own, and what it may put all that follows into.

#[path = "encapsulated/bind.rs"]
mod bind;
#[path = "encapsulated/in_memory.rs"]
mod in_memory;
#[path = "encapsulated/on_sockets.rs"]
mod on_sockets;
#[path = "encapsulated/own_method.rs"]
mod own_method;
mod support;
#[path = "encapsulated/unflushed.rs"]
mod unflushed;
