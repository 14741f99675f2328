/** Straight-line code on a shard: virtual threads that the shard carries, and scopes that wait for them. */
@NullMarked
package io.solaster.engine.thread;

import org.jspecify.annotations.NullMarked;
